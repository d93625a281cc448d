/** Records of the log as its readers decode them. */
import { encodeAlert } from '@tapeline/core/alerts';
import { deadLetter, deadLetterIn, deadLetterReasons, encodeDeadLetter } from '@tapeline/core/dead-letters';
import { decodeAlert, decodeRecord, encodeRecord } from '@tapeline/core/record-codec';
import { latestTimeMs, recordKey, recordTimeMs } from '@tapeline/core/records';
import { anAlert, aRecord, tenOClockMs } from '../examples.ts';
import { expectPlain, expectSame, expectThat, orRefused, refused, withCode } from '../expectations.ts';
import type { FuzzedParser } from '../fuzzed-parser.ts';

const isRefusal = withCode('record.invalid', 'record.newer');
const fields = [
  ...[
    'v',
    'kind',
    'feed',
    'session',
    'sequence',
    'symbol',
    'symbols',
    'price',
    'bid',
    'ask',
    'dayVolume',
    'size',
    'timeMs',
    'receivedTimeMs',
  ],
  ...['tick', 'heartbeat', 'gap', 'history', 'instrument', 'alert-rules', 'rules', 'flags', 'interval', 'startMs', 'tradingDay'],
];

const feedRecords: FuzzedParser = {
  name: 'feed-records',
  reads: 'records of market-data.feed: ticks, sessions, heartbeats, gaps, history, instruments, rules',
  heldTo: 'refused as record.invalid or record.newer; an accepted one is encoded and decoded to the same, its times and key in range',
  format: 'json',
  words: fields,
  example: dice => encodeRecord(aRecord(dice)),
  check: input => {
    const record = orRefused(() => decodeRecord(input), isRefusal);
    if (record === refused) return;
    expectPlain(record, 'the record');
    expectSame(JSON.stringify(decodeRecord(encodeRecord(record))), JSON.stringify(record), 'the record encoded again');
    const timeMs = recordTimeMs(record);
    expectThat(Number.isSafeInteger(timeMs) && timeMs >= 0 && timeMs <= latestTimeMs, 'the time is out of range', timeMs);
    const key = recordKey(record);
    expectThat(key === undefined || (key !== '' && Buffer.from(key).toString() === key), 'the key is none', key);
  },
};

const alertRecords: FuzzedParser = {
  name: 'alert-records',
  reads: 'records of market-data.alerts',
  heldTo: 'refused as record.invalid or record.newer; an accepted one is encoded and decoded to the same',
  format: 'json',
  words: ['v', 'kind', 'alert', 'id', 'rule', 'condition', 'severity', 'symbol', 'feed', 'interval', 'timeMs', 'message', 'versionUs'],
  example: dice => encodeAlert(anAlert(dice)),
  check: input => {
    const alert = orRefused(() => decodeAlert(input), isRefusal);
    if (alert === refused) return;
    expectPlain(alert, 'the alert');
    expectSame(JSON.stringify(decodeAlert(encodeAlert(alert))), JSON.stringify(alert), 'the alert encoded again');
  },
};

const deadLetters: FuzzedParser = {
  name: 'dead-letters',
  reads: 'records of market-data.dead-letter, and the making of one of any text',
  heldTo: 'never throws; a letter made of any text is read as the same',
  format: 'json',
  words: ['v', 'kind', 'dead-letter', 'reason', 'late', 'malformed', 'detail', 'origin', 'timeMs', 'value'],
  example: dice =>
    encodeDeadLetter(
      deadLetter({
        reason: dice.pick(deadLetterReasons),
        detail: 'price: missing',
        origin: 'market-data.feed/0@7',
        timeMs: tenOClockMs,
        value: '{}',
      }),
    ),
  check: input => {
    const letter = deadLetterIn(input);
    if (letter !== undefined) {
      expectPlain(letter, 'the letter');
      expectSame(JSON.stringify(deadLetterIn(encodeDeadLetter(letter))), JSON.stringify(letter), 'the letter encoded again');
    }
    const text = input.toString();
    const made = deadLetter({ reason: 'malformed', detail: text, origin: text, timeMs: tenOClockMs, value: text });
    const read = deadLetterIn(encodeDeadLetter(made));
    expectThat(read !== undefined, 'a letter of this text cannot be read');
    expectSame(read?.value, made.value, 'the text of the letter');
  },
};

export const recordParsers: readonly FuzzedParser[] = [feedRecords, alertRecords, deadLetters];
