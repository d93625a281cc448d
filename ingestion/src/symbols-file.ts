/** A list of symbols in a file that may change while it is read: looked at again every few seconds, whoever asks. */

import { readFileSync, statSync } from 'node:fs';
import { counted } from '@tapeline/core/counted';
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { nameInPrices } from '@tapeline/core/shards';
import { symbolListFault } from '@tapeline/core/symbol-lists';
import type { Logger } from 'pino';

export interface SymbolsFileOptions {
  /** The setting that names the file, for whoever has to mend it. */
  readonly setting: string;
  /** Text: symbols separated by commas or line ends; what follows a `#` on a line is a remark. */
  readonly path: string;
  /** What is wrong with a list besides; `undefined` when nothing is. */
  readonly faultOf: (symbols: readonly string[]) => string | undefined;
  /** What a symbol is called in prices. @default the text before a colon, which names an exchange, in capitals */
  readonly nameInPrices?: ((symbol: string) => string) | undefined;
  readonly logger: Logger;
  /** The file is looked at no sooner than so long after the last look. @default 5,000 */
  readonly lookEveryMs?: number | undefined;
}

export class SymbolsFile {
  readonly #options: SymbolsFileOptions;
  #symbols: readonly string[];
  /** Of the list in force. */
  #stamp: string;
  /** What was complained about last. */
  #complaint: string | undefined;
  #lookedMs = performance.now();

  /** Reads it. @throws PipelineError `configuration.invalid` when it cannot be read or is no list. */
  constructor(options: SymbolsFileOptions) {
    this.#options = options;
    try {
      this.#stamp = stampOf(options.path);
      this.#symbols = this.#read();
    } catch (error) {
      const message = `${options.setting} must be a file with a list of symbols, was "${options.path}" (${reasonOf(error)}): correct it`;
      throw new PipelineError('configuration.invalid', message, { retriable: false, cause: error });
    }
  }

  /** The list as it was looked at last. */
  get current(): readonly string[] {
    return this.#symbols;
  }

  /**
   * The list as it is now, the same array until it changes. One that cannot be used is complained about once and looked at again, for what
   * stands against it may be in another list; the last good one stays.
   */
  symbols(): readonly string[] {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < (this.#options.lookEveryMs ?? 5_000)) return this.#symbols;
    this.#lookedMs = nowMs;
    let stamp = '';
    try {
      stamp = stampOf(this.#options.path);
      if (stamp === this.#stamp) return this.#symbols;
      const symbols = this.#read();
      this.#stamp = stamp;
      if (symbols.join('\n') !== this.#symbols.join('\n')) this.#symbols = symbols;
    } catch (error) {
      this.#complain(stamp, reasonOf(error));
    }
    return this.#symbols;
  }

  #complain(stamp: string, reason: string): void {
    const complaint = `${stamp} ${reason}`;
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    const { path, setting, logger } = this.#options;
    logger.error(
      { path },
      `${setting} cannot be used (${reason}): the former list stays in force (${counted(this.#symbols.length, 'symbol')}): correct the file`,
    );
  }

  #read(): readonly string[] {
    const symbols = symbolsOf(readFileSync(this.#options.path, 'utf8'));
    if (symbols.length === 0) throw new Error('it names no symbol');
    const fault = symbolListFault(symbols, this.#options.nameInPrices ?? nameInPrices) ?? this.#options.faultOf(symbols);
    if (fault !== undefined) throw new Error(fault);
    return symbols;
  }
}

function symbolsOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map(line => line.split('#', 1)[0] ?? '');
  const symbols = lines.flatMap(line => line.split(',')).map(symbol => symbol.trim());
  return [...new Set(symbols.filter(symbol => symbol !== ''))];
}

/** Changes with the file, also when another takes its place, as with a mounted ConfigMap. */
function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${mtimeMs} ${size} ${ino}`;
}
