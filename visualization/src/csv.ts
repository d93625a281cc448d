/** Comma-separated values by RFC 4180: a header, CRLF, quotes where a field needs them. */

/** The line with the names of the columns. */
export function csvHead(columns: readonly string[]): string {
  return `${columns.join(',')}\r\n`;
}

/** A line for each row. Absent values are empty fields, lists are joined by `|`. */
export function csvLines(columns: readonly string[], rows: readonly object[]): string {
  const lines = rows.map(row => columns.map(column => fieldOf((row as Readonly<Record<string, unknown>>)[column])).join(','));
  return lines.map(line => `${line}\r\n`).join('');
}

function fieldOf(value: unknown): string {
  if (value === undefined) return '';
  const text = Array.isArray(value) ? value.join('|') : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
