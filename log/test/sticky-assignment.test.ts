import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assignSticky } from '../src/sticky-assignment.ts';

describe('sticky assignment', () => {
  it('gives a lone member every partition', () => {
    expect(assignSticky([{ memberId: 'a', owned: [] }], 3)).toEqual(new Map([['a', [0, 1, 2]]]));
  });

  it('takes from a member only what a newcomer must get', () => {
    const assigned = assignSticky(
      [
        { memberId: 'b', owned: [] },
        { memberId: 'a', owned: [0, 1, 2, 3] },
      ],
      4,
    );
    expect(assigned).toEqual(
      new Map([
        ['a', [0, 1]],
        ['b', [2, 3]],
      ]),
    );
  });

  it('gives the partitions of a member that left to the others, who keep theirs', () => {
    const assigned = assignSticky(
      [
        { memberId: 'a', owned: [1, 4] },
        { memberId: 'c', owned: [0, 3] },
      ],
      6,
    );
    expect(assigned.get('a')).toEqual([1, 4, 2]);
    expect(assigned.get('c')).toEqual([0, 3, 5]);
  });

  it('leaves members without a partition when there are more of them', () => {
    const assigned = assignSticky(
      [
        { memberId: 'a', owned: [] },
        { memberId: 'b', owned: [0] },
        { memberId: 'c', owned: [] },
      ],
      1,
    );
    expect([...assigned.values()].flat()).toEqual([0]);
    expect(assigned.get('b')).toEqual([0]);
  });

  it('gives each partition to exactly one member, evenly, and moves nothing when all is even already', () => {
    const members = fc.uniqueArray(fc.record({ memberId: fc.string({ minLength: 1 }), owned: fc.array(fc.nat(40)) }), {
      selector: member => member.memberId,
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 40 }), (states, count) => {
        const assigned = assignSticky(states, count);
        expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, partition) => partition));
        const sizes = [...assigned.values()].map(partitions => partitions.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        const again = assignSticky(
          [...assigned].map(([memberId, owned]) => ({ memberId, owned })),
          count,
        );
        for (const [memberId, partitions] of again) expect([...partitions].sort()).toEqual([...(assigned.get(memberId) ?? [])].sort());
      }),
    );
  });
});
