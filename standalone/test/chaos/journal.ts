/** What happened when: a line of JSON each in the folder of the run, and what of it lies around a moment. */
import { appendFileSync } from 'node:fs';
import { type Kind, lineOf, type Step } from './schedule.ts';

/** A step as it really was. */
export interface Deed {
  readonly step: Step;
  readonly beganMs: number;
  /** When its time was over and what it broke was mended; infinite until then. */
  mendedMs: number;
  /** When everything that it broke worked again. */
  wholeMs: number;
}

const nearMs = 20_000;

export class Journal {
  readonly deeds: Deed[] = [];
  readonly #path: string;
  readonly #told: (line: string) => void;

  constructor(path: string, told: (line: string) => void) {
    this.#path = path;
    this.#told = told;
  }

  /** Says something to people, and notes it. */
  say(what: string, more: Readonly<Record<string, unknown>> = {}): void {
    this.note({ what, ...more });
    this.#told(what);
  }

  note(entry: Readonly<Record<string, unknown>>): void {
    appendFileSync(this.#path, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
  }

  begin(step: Step): Deed {
    const deed: Deed = { step, beganMs: Date.now(), mendedMs: Number.POSITIVE_INFINITY, wholeMs: Number.POSITIVE_INFINITY };
    this.deeds.push(deed);
    this.say(lineOf(step), { step: step.step });
    return deed;
  }

  /** Steps at work near a moment, as people read them. */
  around(timeMs: number): readonly string[] {
    return this.deeds
      .filter(({ beganMs, wholeMs }) => beganMs - nearMs <= timeMs && timeMs <= wholeMs + nearMs)
      .map(({ step, beganMs, wholeMs }) => `${lineOf(step).trim()} (${timeOf(beganMs)} to ${timeOf(wholeMs)})`);
  }

  /** Other steps that were at work in the span, but for kinds that disturb nobody. */
  others(own: Step, fromMs: number, toMs: number, harmless: readonly Kind[]): readonly Step[] {
    return this.deeds
      .filter(({ step, beganMs, wholeMs }) => step !== own && beganMs <= toMs && wholeMs >= fromMs && !harmless.includes(step.do))
      .map(({ step }) => step);
  }
}

function timeOf(timeMs: number): string {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString().slice(11, 23) : 'the end';
}
