/** What stands in a topic that anybody may write into: each is no record of ours, and says what is wrong with it. */

/** A value near what Kafka takes as one message by default (1 MiB with its overhead). */
export const nearLimitBytes = 1_048_576 - 1_024;

export interface Poison {
  readonly name: string;
  readonly value: string | Uint8Array;
  /** What the dead letter says. */
  readonly detail: RegExp;
}

const tick =
  '{"v":1,"kind":"tick","feed":"twelve-data/0","session":1,"sequence":1,"symbol":"BTC/USD","price":100,"sourceTimeMs":1730714401000,' +
  '"receivedTimeMs":1730714401000,"timeMs":1730714401000,"tradingDay":"2024-11-04","tradingDayEndMs":1730764800000}';

export const poisons: readonly Poison[] = [
  { name: 'a truncated tick', value: tick.slice(0, -20), detail: /not JSON in UTF-8/ },
  { name: 'an empty value', value: '', detail: /not JSON in UTF-8/ },
  { name: 'text', value: 'hello', detail: /not JSON in UTF-8/ },
  { name: 'another format of bytes', value: new Uint8Array([0, 0, 0, 0, 7, 2, 10, 66, 84, 67]), detail: /not JSON in UTF-8/ },
  { name: 'invalid UTF-8 in a tick', value: Buffer.from(tick.replace('BTC', 'B\u00ffC'), 'latin1'), detail: /not JSON in UTF-8/ },
  { name: 'a byte order mark of UTF-16', value: Buffer.from(`\ufeff${tick}`, 'utf16le'), detail: /not JSON in UTF-8/ },
  { name: 'null', value: 'null', detail: /^record: / },
  { name: 'a number', value: '17', detail: /^record: / },
  { name: 'a list', value: `[${tick}]`, detail: /^record: |^v: |^kind: / },
  { name: 'an object of another kind', value: '{"v":1,"kind":"trade"}', detail: /^kind: / },
  { name: 'an object without a kind', value: '{"v":1}', detail: /^kind: / },
  { name: 'an object without a version', value: tick.replace('"v":1,', ''), detail: /^v: / },
  { name: 'a version that is text', value: tick.replace('"v":1', '"v":"2"'), detail: /^v: / },
  { name: 'a version that is no format', value: tick.replace('"v":1', '"v":1e999'), detail: /^v: / },
  { name: 'a price that is text', value: tick.replace('"price":100', '"price":"100"'), detail: /^price: / },
  { name: 'a price beyond every double', value: tick.replace('"price":100', '"price":1e999'), detail: /^price: / },
  { name: 'a price that sums could not hold', value: tick.replace('"price":100', '"price":1.7e308'), detail: /^price: / },
  { name: 'a price below 0', value: tick.replace('"price":100', '"price":-1'), detail: /^price: / },
  { name: 'no symbol', value: tick.replace('BTC/USD', ''), detail: /^symbol: / },
  { name: 'a symbol that UTF-8 cannot hold', value: tick.replace('BTC/USD', '\\ud800'), detail: /^symbol: must be text that UTF-8/ },
  { name: 'a day that is none', value: tick.replace('2024-11-04', '2024-99-99'), detail: /^tradingDay: must be a date/ },
  {
    name: 'a time after all versions',
    value: tick.replace('"receivedTimeMs":17', '"receivedTimeMs":8617307144'),
    detail: /^receivedTimeMs: /,
  },
  { name: 'a sequence beyond integers', value: tick.replace('"sequence":1', '"sequence":1e300'), detail: /^sequence: / },
  {
    name: 'lists in lists, a hundred thousand deep',
    value: '['.repeat(100_000) + ']'.repeat(100_000),
    detail: /nested in more than 100 levels/,
  },
  {
    name: 'a symbol whose length is lists in lists: who compares it runs out of stack',
    value: `{"v":1,"kind":"tick","symbol":{"length":${'['.repeat(4_000)}${']'.repeat(4_000)}}}`,
    detail: /nested in more than 100 levels/,
  },
  { name: 'objects in objects, never closed', value: '{"a":'.repeat(100_000), detail: /not JSON in UTF-8/ },
  { name: 'a value near the limit of a message', value: 'x'.repeat(nearLimitBytes), detail: /not JSON in UTF-8/ },
  { name: 'a value of escapes near the limit', value: '\u0001'.repeat(nearLimitBytes), detail: /not JSON in UTF-8/ },
  {
    name: 'a list of wrong symbols near the limit',
    value: `{"v":1,"kind":"session","feed":"f","session":1,"timeMs":1,"refused":[],"symbols":[${'0,'.repeat(99_999)}0]}`,
    detail: /^symbols\.0: /,
  },
  { name: 'a prototype', value: '{"__proto__":{"v":1,"kind":"tick"},"constructor":{}}', detail: /^kind: / },
];
