/** The table of symbols by bytes, against a Map of names. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SymbolTable } from '../src/hot/symbol-table.ts';

const encoder = new TextEncoder();

/** Looks a name up in the middle of other bytes. */
function found(table: SymbolTable, name: string): number {
  const bytes = encoder.encode(`"symbol":"${name}","price"`);
  return table.slotOf(bytes, 10, bytes.length - 9);
}

describe('the symbol table', () => {
  it('gives slots out in the order of arrival and finds them by bytes and by name', () => {
    const table = new SymbolTable();
    const bytes = encoder.encode('BTC/USD AAPL');
    expect([table.add(bytes, 0, 7), table.add(bytes, 8, 12), table.addName('ETH/USD'), table.add(bytes, 0, 7)]).toEqual([0, 1, 2, 0]);
    expect([found(table, 'AAPL'), found(table, 'ETH/USD'), found(table, 'AAP'), found(table, 'AAPLE')]).toEqual([1, 2, -1, -1]);
    expect([table.slotOfName('BTC/USD'), table.slotOfName('LTC/USD'), table.size]).toEqual([0, -1, 3]);
    expect([table.name(0), new TextDecoder().decode(table.keyBytes(1))]).toEqual(['BTC/USD', 'AAPL']);
    expect(() => table.name(3)).toThrow('slot must be below 3, was 3');
  });

  it('gives the symbol as the JSON string that JSON.stringify makes', () => {
    const table = new SymbolTable();
    const names = ['AAPL', 'quote"d', 'back\\slash', '東証', '\ud800'];
    for (const name of names) table.addName(name);
    expect(names.map((_, slot) => new TextDecoder().decode(table.jsonBytes(slot)))).toEqual(names.map(name => JSON.stringify(name)));
  });

  it('keeps names apart that have the same bytes in UTF-8', () => {
    const table = new SymbolTable();
    expect(['\ud800', '\ufffd', '\udfff', '\ud800'].map(name => table.addName(name))).toEqual([0, 1, 2, 0]);
    expect(found(table, '\ufffd')).toBe(1);
  });

  it('finds each of 20,000 symbols after it grew', () => {
    const table = new SymbolTable();
    const names = Array.from({ length: 20_000 }, (_, index) => `S${index.toString(36)}`);
    for (const name of names) table.addName(name);
    expect(names.every((name, slot) => found(table, name) === slot && table.name(slot) === name)).toBe(true);
    expect(found(table, 'T1')).toBe(-1);
  });

  it('agrees with a Map of names', () => {
    const name = fc.oneof(fc.string({ maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 70 }), fc.constantFrom('A', 'B', 'AA', 'AB'));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 200 }), name, (names, other) => {
        const table = new SymbolTable();
        const slots = new Map<string, number>();
        for (const each of names) {
          if (!slots.has(each)) slots.set(each, slots.size);
          expect(table.addName(each)).toBe(slots.get(each));
        }
        for (const each of [...names, other]) expect(found(table, each)).toBe(slots.get(each) ?? -1);
      }),
    );
  });
});
