/** Lets something happen at once, and then only so often. */

/** Calls `action` at the first call and, while calls go on, once in `waitMs`; the last call is never lost. */
export function paced(action: () => void, waitMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const run = () => {
    isDue = false;
    timer = setTimeout(over, waitMs);
    action();
  };
  const over = () => {
    timer = undefined;
    if (isDue) run();
  };
  return () => {
    isDue = true;
    if (timer === undefined) run();
  };
}
