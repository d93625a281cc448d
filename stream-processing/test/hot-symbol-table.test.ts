/** Symbols in the engine, found by their bytes, against a Map of names. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anEngine } from './support/an-engine.ts';

const encoder = new TextEncoder();

/** Looks a name up by its bytes. */
function found({ engine }: ReturnType<typeof anEngine>, name: string): number {
  const bytes = encoder.encode(name);
  engine.put(bytes, 0, bytes.length);
  return engine.functions.slotOfKey(bytes.length);
}

/** What stands in a record as it is. */
const plain = /^[ !#-[\]-~]{1,64}$/;

describe('the symbols of a fold', () => {
  it('get slots in the order of arrival and are found by bytes and by name', () => {
    const table = anEngine();
    const { symbols } = table;
    expect([symbols.add('BTC/USD'), symbols.add('AAPL'), symbols.add('ETH/USD')]).toEqual([0, 1, 2]);
    expect([found(table, 'AAPL'), found(table, 'ETH/USD'), found(table, 'AAP'), found(table, 'AAPLE')]).toEqual([1, 2, -1, -1]);
    expect([symbols.slotOf('BTC/USD'), symbols.slotOf('LTC/USD'), symbols.size]).toEqual([0, -1, 3]);
    expect([symbols.name(0), new TextDecoder().decode(symbols.keyBytes(1))]).toEqual(['BTC/USD', 'AAPL']);
    expect(() => symbols.name(3)).toThrow('slot must be below 3, was 3');
  });

  it('are not found by bytes when a record writes them otherwise than they are, or when they are long', () => {
    const table = anEngine();
    const names = ['quote"d', 'back\\slash', '東証', '\ud800', 'tab\t', 'A'.repeat(65), 'A'.repeat(64)];
    for (const name of names) table.symbols.add(name);
    expect(names.map(name => found(table, name))).toEqual([-1, -1, -1, -1, -1, -1, 6]);
    expect(names.map(name => table.symbols.slotOf(name))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('are found each among 20,000', () => {
    const table = anEngine();
    const names = Array.from({ length: 20_000 }, (_, index) => `S${index.toString(36)}`);
    for (const name of names) table.symbols.add(name);
    expect(names.every((name, slot) => found(table, name) === slot && table.symbols.name(slot) === name)).toBe(true);
    expect(found(table, 'T1')).toBe(-1);
  });

  it('are those of a Map of names, of any length', () => {
    const letters = fc.string({ unit: fc.constantFrom('A', 'B'), minLength: 1, maxLength: 30 });
    const name = fc.oneof(fc.string({ maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 70 }), letters);
    fc.assert(
      fc.property(fc.array(name, { maxLength: 200 }), name, (names, other) => {
        const table = anEngine();
        const slots = new Map<string, number>();
        for (const each of names) {
          if (slots.has(each)) continue;
          slots.set(each, slots.size);
          expect(table.symbols.add(each)).toBe(slots.get(each));
        }
        for (const each of [...names, other]) {
          expect(table.symbols.slotOf(each)).toBe(slots.get(each) ?? -1);
          expect(found(table, each)).toBe(plain.test(each) ? (slots.get(each) ?? -1) : -1);
        }
      }),
    );
  });
});
