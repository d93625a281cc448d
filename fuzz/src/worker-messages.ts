/** What the fuzzer and the thread of its parsers say to each other. */
import type { Fault } from './examination.ts';

export interface WorkerData {
  /** The number of the input that is looked at; and, when not 0, the wish to stop. */
  readonly progress: Float64Array;
  /** For files of parsers. */
  readonly folder: string;
}

export type WorkerTask =
  | { readonly kind: 'input'; readonly parser: string; readonly input: Uint8Array }
  | {
      readonly kind: 'inputs';
      readonly parser: string;
      readonly seed: number;
      readonly from: number;
      /** Exclusive. */
      readonly to: number;
      /** It stops after so long, wherever it is. */
      readonly mostMs: number;
    };

export type WorkerAnswer =
  | { readonly kind: 'fault'; readonly index: number; readonly input: Uint8Array; readonly fault: Fault }
  /** `next` is the first input that was not looked at. */
  | { readonly kind: 'done'; readonly next?: number; readonly faults?: number; readonly fault?: Fault | undefined };
