/** Spans of time as people write them: `90s`, `15m`, `2h`. */

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^(\d{1,9})(ms|s|m|h|d)$/;

export function isDuration(text: string): boolean {
  return pattern.test(text);
}

/** In milliseconds. @throws RangeError for what is no duration. */
export function durationMs(text: string): number {
  const [, count, unit] = pattern.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new RangeError(`a duration must be like 90s, 15m or 2h, was "${text}"`);
  return Number(count) * units[unit as keyof typeof units];
}

/** In the largest unit that tells it in a whole number: `90s`, `2h`, `250ms`. */
export function durationText(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) if (ms > 0 && ms % units[unit] === 0) return `${ms / units[unit]}${unit}`;
  return `${ms}ms`;
}
