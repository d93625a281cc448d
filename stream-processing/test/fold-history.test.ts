import { describe, expect, it } from '@jest/globals';
import type { HistoryRecord } from '@tapeline/core/records';
import { aHeartbeat, aHistory, aSession, aTick, at, foldOf } from './support/builders.ts';

const session = aSession({ timeMs: at(0) });
/** The minute from 10:01 to 10:02, settled once the watermark is behind 10:03. */
const minute = aHistory({ startMs: at(60), endMs: at(120), receivedTimeMs: at(600) });

function kindsAfter(record: HistoryRecord, watermarkMs: number, options = {}): readonly unknown[] {
  const { outputs } = foldOf([session, aHeartbeat({ timeMs: watermarkMs }), record], options);
  return outputs.map(output => (output.kind === 'dead-letter' ? output.reason : output.kind));
}

describe('history in the fold', () => {
  it('gives the bar of the record, final, with a version of the log and no indicators', () => {
    const told = { volume: 7, vwap: 11.25, vwapKind: 'estimate', tickCount: 3, spreadMean: 0.5, revision: 2 } as const;
    const record = { ...minute, ...told, action: 'flag', flags: ['mismatch', 'gap'] } as const;
    const { outputs } = foldOf([session, aHeartbeat({ timeMs: at(600) }), { ...record, flags: [...record.flags] }]);
    const prices = { open: 10, high: 12, low: 9, close: 11 };
    expect(outputs).toEqual([
      { kind: 'history', action: 'flag' },
      {
        kind: 'bar',
        bar: {
          ...{ symbol: 'BTC/USD', interval: '1m', startMs: at(60), endMs: at(120), ...prices, ...told },
          ...{ state: 'final', flags: ['gap', 'mismatch'], versionUs: at(600) * 1_000 + 1 },
        },
      },
    ]);
  });

  it('gives the gap that it names as filled, behind the bar', () => {
    const gap = { fromMs: at(30), toMs: at(115), reason: 'mute' };
    const { outputs } = foldOf([session, aHeartbeat({ timeMs: at(590) }), { ...minute, gap }]);
    expect(outputs.map(({ kind }) => kind)).toEqual(['history', 'bar', 'gap']);
    expect(outputs[2]).toEqual({ kind: 'gap', symbol: 'BTC/USD', ...gap, filled: true, versionUs: at(600) * 1_000 + 1 });
  });

  it('is refused as early while a late tick could still correct the window', () => {
    expect(kindsAfter(minute, at(180))).toEqual(['early']);
    expect(kindsAfter(minute, at(180) + 1)).toEqual(['history', 'bar']);
    const { outputs } = foldOf([session, aHeartbeat({ timeMs: at(180) }), minute]);
    expect(outputs).toEqual([
      {
        ...{ kind: 'dead-letter', reason: 'early', record: minute },
        detail: `endMs: ticks may still change the window of 1m from ${at(60)} to ${at(120)}: the watermark must be at least ${at(180) + 1}, was ${at(180)}`,
      },
    ]);
  });

  it('is refused as early while the window waits for stragglers, also without corrections', () => {
    const options = { allowedLatenessMs: 5_000, correctionHorizonMs: 0 };
    expect(kindsAfter(minute, at(125) - 1, options)).toEqual(['early']);
    expect(kindsAfter(minute, at(125), options)).toEqual(['history', 'bar']);
  });

  it('of a day that ends within the smallest window waits for the end of that window', () => {
    const day = { interval: '1d', startMs: Date.UTC(2024, 10, 4), endMs: Date.UTC(2024, 10, 4, 18, 30) } as const;
    const options = { intervals: ['1h', '1d'] } as const;
    const settledMs = Date.UTC(2024, 10, 4, 19, 1) + 1;
    expect(kindsAfter({ ...minute, ...day }, settledMs - 1, options)).toEqual(['early']);
    expect(kindsAfter({ ...minute, ...day }, settledMs, options)).toEqual(['history', 'bar']);
  });

  it('is refused as early before the first heartbeat of the feed that owns the symbol', () => {
    expect(foldOf([session, minute]).outputs).toMatchObject([{ kind: 'dead-letter', reason: 'early' }]);
  });

  it('is refused as early while the time of a feed that gave the symbol up still closes its windows', () => {
    const givenUp = [session, aTick({ timeMs: at(61) }), aSession({ timeMs: at(90), session: 2, symbols: [] })];
    const early = foldOf([...givenUp, aHeartbeat({ timeMs: at(150), session: 2 }), minute]);
    expect(early.kinds('dead-letter')).toMatchObject([{ reason: 'early' }]);
    const settled = foldOf([...givenUp, aHeartbeat({ timeMs: at(181), session: 2 }), minute]);
    expect(settled.bars('1m').map(({ close, flags }) => [close, flags])).toEqual([
      [100, ['gap']],
      [11, ['filled']],
    ]);
  });

  it('of a symbol that no feed ever owned is taken in, and the symbol is observed from its first session on all the same', () => {
    const taken = foldOf([minute]);
    expect(taken.outputs.map(({ kind }) => kind)).toEqual(['history', 'bar']);
    expect(taken.fold.symbols()).toEqual(['BTC/USD']);
    const bars = (records: Parameters<typeof foldOf>[0]) => foldOf(records).bars('1m').slice(-1);
    const later = [aSession({ timeMs: at(630) }), aTick({ timeMs: at(640), sequence: 1 }), aHeartbeat({ timeMs: at(700) })];
    expect(bars([minute, ...later])).toEqual(bars(later));
    expect(bars(later)).toMatchObject([{ startMs: at(600), flags: ['partial'] }]);
  });

  it('changes no bar that ticks make afterwards, nor their indicators', () => {
    const ticks = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) =>
        aTick({ timeMs: at(60 * (from + index) + 1), sequence: from + index + 1, price: 100 + index }),
      );
    const before = [session, ...ticks(0, 15), aHeartbeat({ timeMs: at(900) })];
    const after = [...ticks(15, 30), aHeartbeat({ timeMs: at(1_900) })];
    const without = foldOf([...before, ...after]).bars('1m');
    const withHistory = foldOf([...before, { ...minute, receivedTimeMs: at(900) }, ...after]).bars('1m');
    const ofTicks = withHistory.filter(({ flags }) => !flags.includes('filled'));
    expect(ofTicks).toHaveLength(withHistory.length - 1);
    expect(ofTicks.map(bar => ({ ...bar, versionUs: 0 }))).toEqual(without.map(bar => ({ ...bar, versionUs: 0 })));
  });

  it('that stands in the log twice gives the same values again, with a later version', () => {
    const [first, second] = foldOf([session, aHeartbeat({ timeMs: at(590) }), minute, minute]).bars('1m');
    expect(second).toEqual({ ...first, versionUs: (first?.versionUs ?? 0) + 1 });
  });

  it('may be of an interval that the fold does not make', () => {
    expect(kindsAfter(minute, at(600), { intervals: ['5s', '1h'] })).toEqual(['history', 'bar']);
  });
});
