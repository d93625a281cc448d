/** Comma-separated values by RFC 4180: a header, CRLF, quotes where a field needs them. */

/** One text for the whole table. Absent values are empty fields, lists are joined by `|`. */
export function toCsv(columns: readonly string[], rows: readonly object[]): string {
  const lines = rows.map(row => columns.map(column => fieldOf((row as Readonly<Record<string, unknown>>)[column])).join(','));
  return [columns.join(','), ...lines].map(line => `${line}\r\n`).join('');
}

function fieldOf(value: unknown): string {
  if (value === undefined) return '';
  const text = Array.isArray(value) ? value.join('|') : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
