/** Records as the folds take them, and snapshots of both: the hot fold held to the plain one. */
import { encodeBar } from '@tapeline/core/bars';
import { decodeRecord } from '@tapeline/core/record-codec';
import type { FeedRecord, Tick } from '@tapeline/core/records';
import { checksumOf } from '@tapeline/database/snapshot-checksum';
import { RecordBlock } from '@tapeline/log/record-block';
import { levelsOf } from '@tapeline/stream-processing/fold/levels';
import { type FoldOptions, PartitionFold } from '@tapeline/stream-processing/fold/partition-fold';
import { refuseOther } from '@tapeline/stream-processing/fold/snapshot-refusal';
import { FoldEngine } from '@tapeline/stream-processing/hot/fold-engine';
import { type FoldResults, HotFold } from '@tapeline/stream-processing/hot/hot-fold';
import { snapshotHeader } from '@tapeline/stream-processing/hot/hot-snapshot';
import { tickOf } from '@tapeline/stream-processing/hot/tick-numbers';
import { headOf, tailLength, tailOf } from '@tapeline/stream-processing/hot/tick-shapes';
import { Dice } from '../dice.ts';
import { aRecord, aTick, linesOf, symbolNames, tenOClockMs } from '../examples.ts';
import { expectSame, expectThat, orRefused, refused, withCode } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';
import { spoilt } from '../mutations.ts';

const options: FoldOptions = {
  partition: 0,
  partitions: 1,
  intervals: ['1s', '1m', '1h'],
  allowedLatenessMs: 2_000,
  correctionHorizonMs: 60_000,
};
const fields = ['"price":', '"bid":', '"sequence":', '"symbol":', '"session":', '"timeMs":', '"tradingDay":', '"size":', '"dayVolume":'];

let scanning: FoldEngine | undefined;

const tickScanner: FuzzedParser = {
  name: 'tick-scanner',
  reads: 'a tick by its bytes, in the WebAssembly engine',
  heldTo: 'what it reads is what decodeRecord reads; what that refuses it never reads',
  format: 'text',
  words: fields,
  example: dice => JSON.stringify(aTick(dice)),
  check: input => {
    scanning ??= new FoldEngine(options, levelsOf(options.intervals), {
      touchesGap: () => false,
      advanceCoverage: () => undefined,
      takeBars: () => undefined,
    });
    const tick = scanned(scanning, input);
    if (tick !== undefined) expectSame(tick, decodedOrNothing(input), 'the tick');
  },
};

/** As the fold does it: the ends of the record are told to the engine, which then reads it among others. */
function scanned(engine: FoldEngine, record: Buffer): Tick | undefined {
  const { functions } = engine;
  const [head, tail] = [headOf(record), tailOf(record)];
  if (head === undefined || tail === undefined || record.length > 1_024) return undefined;
  engine.put(record, 0, head.length);
  functions.learnHead(head.length, 3, head.session);
  engine.put(record, record.length - tailLength, record.length);
  functions.learnTail(tail.tradingDay, tail.tradingDayEndMs);
  const at = engine.put(record, 0, record.length);
  if (!functions.scan(at, at + record.length)) return undefined;
  const symbolAt = functions.symbolAt.value;
  const symbol = Buffer.from(engine.bytes.slice(symbolAt, symbolAt + functions.symbolLength.value)).toString('latin1');
  return /^[ !#-[\]-~]{1,64}$/.test(symbol) ? tickOf(engine.numbers, functions.tickAt() / 8, head.feed, symbol) : undefined;
}

function decodedOrNothing(bytes: Uint8Array): FeedRecord | undefined {
  const record = orRefused(() => decodeRecord(bytes), withCode('record.invalid', 'record.newer'));
  return record === refused ? undefined : record;
}

const foldedRecords: FuzzedParser = {
  name: 'folded-records',
  reads: 'records of a partition, a line each, as the log holds them: runs by their bytes, others decoded',
  heldTo: 'the same bars, other outputs and versions as the plain fold of the decoded records, and the same ticks as the latest',
  format: 'lines',
  words: ['tick', 'heartbeat', 'session', 'gap', 'history', 'alert-rules', 'price', 'sequence', 'timeMs', 'receivedTimeMs', 'symbol'],
  slowness: 12,
  example: dice => linesOf(someRecords(dice)),
  check: input => {
    const values = input
      .toString('latin1')
      .split('\n')
      .map(line => Buffer.from(line, 'latin1'));
    const records = values.map(decodedOrNothing);
    const plain = plainRun(records);
    const hot = hotRun(values, records);
    expectSame(hot.bars, plain.bars, 'the bars of the hot fold');
    expectSame(hot.others, plain.others, 'the other outputs of the hot fold');
    expectSame(hot.versionUs, plain.versionUs, 'the version of the hot fold');
    expectSame(hot.latest, plain.latest, 'the latest ticks of the hot fold');
  },
};

/** A session and what follows it in a minute or some more. */
function someRecords(dice: Dice, most = 24): readonly FeedRecord[] {
  let atMs = 0;
  const session: FeedRecord = {
    ...{ v: 1, kind: 'session', feed: 'twelve-data/0', session: 1, timeMs: tenOClockMs, refused: [] },
    symbols: [...symbolNames.slice(0, 3)],
  };
  const stepMs = dice.pick([200, 1_000, 5_000]);
  const rest = dice.list(1, most, index => {
    atMs += dice.below(stepMs);
    return dice.isOneIn(3) ? aRecord(dice, atMs, index + 1) : aTick(dice, atMs, index + 1);
  });
  return [session, ...rest];
}

interface Run {
  readonly bars: readonly string[];
  readonly others: readonly string[];
  readonly versionUs: number;
  readonly latest: readonly unknown[];
}

/** @param records those of the values, nothing for one that is refused */
function plainRun(records: readonly (FeedRecord | undefined)[]): Run {
  const fold = new PartitionFold(options);
  const bars: string[] = [];
  const others: string[] = [];
  for (const record of records) {
    if (record === undefined) {
      fold.passOver();
      continue;
    }
    fold.apply(record, output => {
      if (output.kind === 'bar') bars.push(encodeBar(output.bar));
      else if (output.kind !== 'tick') others.push(JSON.stringify(output));
    });
  }
  return { bars, others, versionUs: fold.versionUs, latest: fold.symbols().map(symbol => fold.latestTick(symbol)) };
}

/** As the processor does it: runs of everyday ticks, then the record that stopped the engine. */
function hotRun(values: readonly Buffer[], records: readonly (FeedRecord | undefined)[]): Run {
  const fold = new HotFold(options);
  const results = fold.results();
  const outputs = { bars: [] as string[], others: [] as string[] };
  const block = new RecordBlock({ topic: 't', partition: 0 });
  for (const value of values) block.add(undefined, value, 0, value.length);
  const cursor = block.cursor();
  let nextOffset = 0;
  for (;;) {
    const run = cursor.rest();
    if (run !== undefined) {
      const progress = fold.applyRun({ ...run, fromOffset: Math.max(run.fromOffset, nextOffset) }, 256, results);
      cursor.skip(progress.byteLength);
      nextOffset = progress.nextOffset;
      drain(results, outputs);
      if (!progress.isStopped) continue;
    }
    if (!cursor.next()) break;
    if (cursor.offset < nextOffset) continue;
    const { bytes, valueStart, valueEnd } = cursor;
    if (!fold.applyTick(bytes, valueStart, valueEnd, results)) applyDecoded(fold, records[cursor.offset], results);
    nextOffset = cursor.offset + 1;
    drain(results, outputs);
  }
  return { ...outputs, versionUs: fold.versionUs, latest: fold.symbols().map(symbol => fold.latestTick(symbol)) };
}

function applyDecoded(fold: HotFold, record: FeedRecord | undefined, results: FoldResults): void {
  if (record === undefined) fold.passOver();
  else fold.apply(record, results);
}

function drain(results: FoldResults, outputs: { readonly bars: string[]; readonly others: string[] }): void {
  const { bars } = results;
  bars.eachText((index, bytes, start, end) => {
    const text = Buffer.from(bytes.subarray(start, end)).toString();
    expectThat(text === encodeBar(bars.at(index)), 'a bar is written otherwise than by encodeBar', text);
    outputs.bars.push(text);
  });
  for (const output of results.outputs) outputs.others.push(JSON.stringify(output));
  results.clear();
}

const isInvalidSnapshot = withCode('snapshot.invalid');

const plainSnapshots: FuzzedParser = {
  name: 'plain-snapshots',
  reads: 'snapshots of the plain fold',
  heldTo: 'refused as snapshot.invalid, whatever the JSON says; what was not spoilt is restored to the same bytes',
  format: 'json',
  words: ['format', 'intervals', 'partitions', 'versionUs', 'feeds', 'symbols', 'alerts'],
  slowness: 8,
  example: dice => {
    const fold = new PartitionFold(options);
    for (const record of someRecords(dice, 10)) fold.apply(record, () => undefined);
    return withChecksum(fold.encode());
  },
  check: input => {
    const state = stateOf(input);
    const fold = orRefused(() => PartitionFold.decode(state, options), isInvalidSnapshot);
    if (!isWhole(input)) return;
    expectThat(fold !== refused, 'a whole snapshot was refused');
    if (fold !== refused) expectSame(Buffer.from(fold.encode()).toString(), state.toString(), 'the restored snapshot');
  },
};

/** What comes after a forged snapshot. */
const laterRecords = someRecords(new Dice('records after a snapshot', 1, 1), 40);

const hotSnapshots: FuzzedParser = {
  name: 'hot-snapshots',
  reads: 'snapshots of the hot fold: a header in JSON, then numbers that a checksum stands for',
  heldTo:
    'refused as snapshot.invalid, also where the checksum is right: what is taken can go on; numbers that are too few or too many are refused; what was not spoilt is restored to the same bytes',
  format: 'bytes',
  words: ['tapeline', '"format":3', '"symbols":', '"origins":', '"feeds":'],
  slowness: 16,
  example: dice => {
    const fold = new HotFold(options);
    const results = fold.results();
    for (const record of someRecords(dice, 10)) fold.apply(record, results);
    return withChecksum(fold.encode());
  },
  forged: (right, dice) => {
    const state = forgedState(Buffer.from(right.subarray(0, -checksumLength)), dice);
    return Buffer.concat([state, Buffer.from(checksumOf(state).toUpperCase())]);
  },
  check: input => {
    const state = stateOf(input);
    const header = orRefused(() => snapshotHeader(state), isInvalidSnapshot);
    if (header !== refused) orRefused(() => refuseOther(header, options), isInvalidSnapshot);
    if (isForged(input)) return goOn(state);
    if (!isWhole(input)) return;
    const fold = HotFold.decode(state, options);
    expectSame(Buffer.from(fold.encode()).toString('hex'), state.toString('hex'), 'the restored snapshot');
    const cut = state.subarray(0, state.length - 8 * (1 + (state.length % 5)));
    for (const other of [cut, Buffer.concat([state, Buffer.alloc(8)]), state.subarray(0, state.length - 3)])
      expectThat(orRefused(() => HotFold.decode(other, options), isInvalidSnapshot) === refused, 'a snapshot of another length was taken');
  },
};

const checksumLength = 64;

function withChecksum(state: Uint8Array): Buffer {
  return Buffer.concat([state, Buffer.from(checksumOf(state))]);
}

/** Behind the mark stands the length of the header, then the header, then the numbers. */
const lengthAt = 8;
const headerAt = lengthAt + 4;
const oddNumbers = [
  ...[0, 1, 2, 3, -1, -2, 0.5, 7, 22, 28, 64, 127, 128, 255, 256, 65_536, 1e15, 1e300, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53],
  ...[-(2 ** 31), -(2 ** 53), -1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

/** The header is spoilt as other JSON, or some of the numbers or of their bytes become others. */
function forgedState(state: Buffer, dice: Dice): Buffer {
  const numbersAt = headerAt + state.readUInt32LE(lengthAt);
  if (dice.isOneIn(6)) {
    const text = state.subarray(headerAt, numbersAt);
    const header = spoilt(text, { format: 'json', words: hotSnapshots.words ?? [], other: () => text }, dice);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    return Buffer.concat([state.subarray(0, lengthAt), length, header, state.subarray(numbersAt)]);
  }
  const numbers = (state.length - numbersAt) / 8;
  for (let left = numbers === 0 ? 0 : 1 + dice.below(4); left > 0; left -= 1) {
    const at = numbersAt + 8 * dice.below(numbers);
    if (dice.isOneIn(2)) state.writeDoubleLE(dice.isOneIn(4) ? dice.below(numbers) : dice.pick(oddNumbers), at);
    else state[at + dice.below(8)] = dice.below(256);
  }
  return state;
}

/** A fold of a forged snapshot that is taken: its numbers may be any, but it comes to its ends. */
function goOn(state: Buffer): void {
  const fold = orRefused(() => HotFold.decode(state, options), isInvalidSnapshot);
  if (fold === refused) return;
  fold.encode();
  const results = fold.results();
  for (const record of laterRecords) fold.apply(record, results);
  results.clear();
  fold.encode();
}

function stateOf(input: Buffer): Buffer {
  return isWhole(input) || isForged(input) ? input.subarray(0, -checksumLength) : input;
}

/** As the stores see it. */
function isWhole(input: Buffer): boolean {
  return checksumOf(input.subarray(0, -checksumLength)) === input.subarray(-checksumLength).toString('latin1');
}

/** Spoilt, with a checksum that is right all the same: in capitals, to be told from a right one. */
function isForged(input: Buffer): boolean {
  return checksumOf(input.subarray(0, -checksumLength)).toUpperCase() === input.subarray(-checksumLength).toString('latin1');
}

export const foldParsers: readonly FuzzedParser[] = [tickScanner, foldedRecords, plainSnapshots, hotSnapshots];
