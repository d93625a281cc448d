/**
 * Consumer groups of the embedded log. A group has one member at a time, who gets every partition; who joins a group that
 * has one waits until it has left. Committed offsets stand in a table.
 */
import type { Claim } from './claim.ts';

export class EmbeddedGroups {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for the turn in `group`; the function it gives ends the turn. `undefined` when `signal` aborts first. */
  async enter(group: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    const before = this.#last.get(group) ?? Promise.resolve();
    const turn = Promise.withResolvers<void>();
    const after = before.then(() => turn.promise);
    this.#last.set(group, after);
    void after.then(() => this.#last.get(group) === after && this.#last.delete(group));
    await Promise.race([before, aborted(signal)]);
    if (!signal.aborted) return () => turn.resolve();
    turn.resolve();
    return undefined;
  }
}

/** Gives each claim, waits until the member stops and its owners are done, and takes away what is left when nobody listens. */
export async function* giveClaims(claims: readonly Claim[], stop: AbortSignal): AsyncGenerator<Claim, void, void> {
  const given: Claim[] = [];
  try {
    for (const claim of claims) {
      if (stop.aborted) break;
      given.push(claim);
      yield claim;
    }
    await aborted(stop);
    await Promise.all(given.map(claim => claim.released));
  } finally {
    for (const claim of given) claim.lose();
  }
}

/** Resolves when `signal` aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
