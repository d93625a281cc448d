/** Time that jumps to the end of each pause, so that a week of waiting takes seconds. */

export class JumpingTime {
  nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  readonly clock = (): number => this.nowMs;

  /** As the real one: never rejects, ends early when the signal aborts. */
  readonly pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    this.nowMs += ms;
    await new Promise(resolve => setImmediate(resolve));
  };
}
