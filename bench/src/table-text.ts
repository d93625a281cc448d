/** Numbers and tables as Markdown. */

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [columns, columns.map(() => '---'), ...rows];
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

/** Whole, with commas. */
export function count(value: number): string {
  return Number.isNaN(value) ? '–' : new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value);
}

/** Microseconds, three digits. */
export function micros(value: number): string {
  return Number.isNaN(value) ? '–' : value.toPrecision(3);
}

/** Milliseconds, one digit behind the point. */
export function millis(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(1);
}
