/**
 * Tells a symbol that the vendor cannot answer from a vendor that answers nobody: a question that fails ends the round, and those behind it would
 * wait for ever. Pure. Bounded by the symbols.
 */

/** So many failures of a symbol, with answers to others between them, are its own. */
const mostFailures = 3;

interface Failures {
  readonly count: number;
  /** Answers to any symbol until the last one. */
  readonly answers: number;
}

export class FailingSymbols {
  readonly #failures = new Map<string, Failures>();
  #answers = 0;
  #last: string | undefined;

  /** The same symbols, those behind the one that failed last first. */
  inTurn(symbols: readonly string[]): readonly string[] {
    const at = this.#last === undefined ? -1 : symbols.indexOf(this.#last);
    return [...symbols.slice(at + 1), ...symbols.slice(0, at + 1)];
  }

  answered(symbol: string): void {
    this.#answers += 1;
    this.#failures.delete(symbol);
  }

  /** Counts a failure. @returns true where it is this symbol's alone, as each further one is until it is answered */
  failed(symbol: string): boolean {
    this.#last = symbol;
    const before = this.#failures.get(symbol);
    const isOwn = before === undefined || before.answers < this.#answers;
    const count = (before?.count ?? 0) + (isOwn ? 1 : 0);
    this.#failures.set(symbol, { count, answers: this.#answers });
    return isOwn && count >= mostFailures;
  }
}
