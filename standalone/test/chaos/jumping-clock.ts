/**
 * Loaded before a program (`--import`): its wall clock is off by the milliseconds that stand in the file `CHAOS_CLOCK_FILE`, from the moment
 * on at which they stand there. The clock that only counts (`performance.now`) goes on as ever, as it does when a machine's time is set.
 */
import { readFileSync, watchFile } from 'node:fs';

const path = process.env.CHAOS_CLOCK_FILE ?? '';
const lookEveryMs = 100;
const RealDate = Date;
const { now } = RealDate;
let offsetMs = read();

watchFile(path, { interval: lookEveryMs, persistent: false }, () => {
  offsetMs = read();
});

globalThis.Date = class extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(...((given.length === 0 ? [now() + offsetMs] : given) as [number]));
  }

  static override now(): number {
    return now() + offsetMs;
  }
} as DateConstructor;
RealDate.now = () => now() + offsetMs;

function read(): number {
  try {
    return Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    return 0;
  }
}
