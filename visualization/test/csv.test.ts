import { describe, expect, it } from '@jest/globals';
import { csvHead, csvLines } from '../src/csv.ts';

function toCsv(columns: readonly string[], rows: readonly object[]): string {
  return csvHead(columns) + csvLines(columns, rows);
}

describe('CSV', () => {
  it('begins with the column names and ends every line with CRLF', () => {
    expect(toCsv(['symbol', 'price'], [{ price: 1.5, symbol: 'BTC/USD' }])).toBe('symbol,price\r\nBTC/USD,1.5\r\n');
  });

  it('gives only the header when there are no rows', () => {
    expect(toCsv(['symbol', 'price'], [])).toBe('symbol,price\r\n');
  });

  it('leaves absent values empty and writes 0 and false', () => {
    expect(toCsv(['a', 'b', 'c', 'd'], [{ a: undefined, b: 0, c: false }])).toBe('a,b,c,d\r\n,0,false,\r\n');
  });

  it('quotes commas, quotes and line breaks', () => {
    expect(toCsv(['a', 'b', 'c'], [{ a: 'x,y', b: 'say "go"', c: 'one\ntwo' }])).toBe('a,b,c\r\n"x,y","say ""go""","one\ntwo"\r\n');
  });

  it('joins lists with a bar', () => {
    expect(toCsv(['flags'], [{ flags: ['partial', 'gap'] }, { flags: [] }])).toBe('flags\r\npartial|gap\r\n\r\n');
  });
});
