import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { passes } from '../src/notifier/destination.ts';
import { outcomeOfFailure } from '../src/notifier/mail-outcome.ts';
import { hashOfId, NoticeDraft } from '../src/notifier/notice.ts';
import { signatureOf } from '../src/notifier/webhook-destination.ts';
import { chatTextOf, htmlOf, subjectOf, textOf } from '../src/notifier/wording.ts';
import { anAlert, numbered } from './support/alerts.ts';

const nowMs = Date.parse('2026-11-21T16:40:05Z');
const nowhere = { board: undefined, grafana: undefined };
const addresses = { board: 'https://board.example.com/live/', grafana: 'https://grafana.example.com' };

function draftOf(
  alerts: readonly ReturnType<typeof anAlert>[],
  limits = { mostListed: 100, summaryAfterMs: 3_600_000 as number | undefined },
) {
  const draft = new NoticeDraft(limits);
  const taken = alerts.map(alert => draft.take({ alert, hash: hashOfId(alert.id) }, nowMs));
  return { draft, taken };
}

describe('the words of a message', () => {
  const one = draftOf([anAlert(7, { timeMs: nowMs, value: -5.2, threshold: -5 })]).draft.notice();

  it('say of one alert what, which symbol, when and how much', () => {
    expect(subjectOf(one)).toBe('[warning] AAPL big-drop: alert 7 of this test');
    expect(textOf(one, nowhere)).toBe(
      '[warning] AAPL big-drop at 2026-11-21 16:40:05 UTC\n  alert 7 of this test\n  value -5.2, threshold -5, bar of 1m\n\n-- \nTapeline\n',
    );
  });

  it('lead to the symbol on the board and in Grafana', () => {
    const text = textOf(draftOf([anAlert(1, { symbol: 'BTC/USD', timeMs: nowMs })]).draft.notice(), addresses);
    expect(text).toContain('  Board: https://board.example.com/live/?symbol=BTC%2FUSD&interval=1m\n');
    expect(text).toContain(
      '  Grafana: https://grafana.example.com/d/tapeline-market?var-symbol=BTC%2FUSD&var-interval=1m&from=1795275605000&to=1795282805000\n',
    );
    const { symbol: _, interval: __, ...stale } = anAlert(1, { feed: 'twelve-data/0', timeMs: nowMs });
    expect(textOf(draftOf([stale]).draft.notice(), addresses)).toContain('https://grafana.example.com/d/tapeline-data-quality?from=');
  });

  it('are text and nothing else, whatever an alert says', () => {
    const evil = anAlert(1, {
      symbol: '<b>&"\'',
      rule: 'x\r\nBcc: a@b',
      message: '<script>alert(1)</script>\u0000\u2028 <!channel>',
      timeMs: nowMs,
    });
    const notice = draftOf([evil]).draft.notice();
    const html = htmlOf(notice, addresses);
    expect(html).not.toMatch(/<(script|b)>/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('&lt;b&gt;&amp;&quot;&#39;');
    expect(html.match(/href="[^"]*"/g)).toHaveLength(2);
    expect(subjectOf(notice)).not.toMatch(/[\r\n\0\u2028]/);
    expect(chatTextOf(notice, addresses)).not.toMatch(/<(?!https:\/\/)/);
    expect(chatTextOf(notice, addresses)).toContain('&lt;!channel&gt;');
  });

  it('are bounded', () => {
    const many = draftOf(numbered(100, { message: 'm'.repeat(500), rule: 'r'.repeat(100), timeMs: nowMs })).draft.notice();
    expect(subjectOf(many).length).toBeLessThanOrEqual(120);
    expect(chatTextOf(many, addresses).length).toBeLessThanOrEqual(38_000);
    expect(htmlOf(many, addresses).length).toBeLessThan(200_000);
  });

  it('sum older alerts up by rule and subject, the most frequent first', () => {
    const old = numbered(3, { timeMs: nowMs - 7_200_000 });
    const other = anAlert(50, { symbol: 'MSFT', timeMs: nowMs - 3_700_000 });
    const notice = draftOf([...old, other, anAlert(60, { timeMs: nowMs })]).draft.notice();
    expect(subjectOf(notice)).toBe('[warning] AAPL big-drop: alert 60 of this test and 4 older alerts');
    expect(textOf(notice, nowhere)).toContain(
      [
        '4 older alerts could not be sent in time:',
        '3 × [warning] AAPL big-drop at 2026-11-21 14:40:05 UTC; the last: alert 2 of this test',
        '1 × [warning] MSFT big-drop at 2026-11-21 15:38:25 UTC; the last: alert 50 of this test',
      ].join('\n'),
    );
  });
});

describe('a message while it is made', () => {
  it('takes alerts one by one up to its bound, and an alert that is in it already once', () => {
    const { draft, taken } = draftOf([...numbered(3, { timeMs: nowMs }), anAlert(1, { timeMs: nowMs }), anAlert(9, { timeMs: nowMs })], {
      mostListed: 3,
      summaryAfterMs: undefined,
    });
    expect(taken).toEqual([true, true, true, true, false]);
    expect(draft.notice().alerts.map(({ versionUs }) => versionUs)).toEqual([0, 1, 2]);
  });

  it('counts what has become old while it waited, and has room again', () => {
    const { draft } = draftOf(numbered(2, { timeMs: nowMs - 3_000_000 }), { mostListed: 2, summaryAfterMs: 3_600_000 });
    expect(draft.grewOlder(nowMs)).toBe(false);
    expect(draft.grewOlder(nowMs + 700_000)).toBe(true);
    expect(draft.notice()).toMatchObject({ alerts: [], older: { count: 2 } });
    expect(draft.take({ alert: anAlert(5, { timeMs: nowMs + 700_000 }), hash: 'x' }, nowMs + 700_000)).toBe(true);
  });

  it('has the same id for the same alerts, and another for others', () => {
    const ids = [numbered(2), numbered(2), numbered(3)].map(alerts => draftOf(alerts).draft.notice().id);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('tells a thousand groups apart and counts the rest', () => {
    const alerts = Array.from({ length: 3_000 }, (_, index) => anAlert(index, { symbol: `S${index}`, timeMs: 0 }));
    const { older } = draftOf(alerts).draft.notice();
    expect(older).toMatchObject({ count: 3_000, others: 2_970 });
    expect(older?.groups).toHaveLength(30);
  });
});

describe('a filter', () => {
  it('lets alerts of its severity and above and of its rules through', () => {
    const alert = anAlert(1, { severity: 'warning', rule: 'a' });
    expect(passes({ lowestSeverity: 'info', rules: undefined }, alert)).toBe(true);
    expect(passes({ lowestSeverity: 'warning', rules: ['b', 'a'] }, alert)).toBe(true);
    expect(passes({ lowestSeverity: 'critical', rules: undefined }, alert)).toBe(false);
    expect(passes({ lowestSeverity: 'info', rules: ['b'] }, alert)).toBe(false);
  });
});

describe('what a mail server answers', () => {
  const kinds = (failures: readonly (readonly [string, number | undefined, string?])[]) =>
    failures.map(([command, responseCode, code]) => outcomeOfFailure({ message: 'x', command, responseCode, code }).kind);

  it('is final about a receiver or a message at 5yz', () => {
    expect(
      kinds([
        ['RCPT TO', 550],
        ['RCPT TO', 553],
        ['DATA', 554],
        ['DATA', 552],
        ['MAIL FROM', undefined, 'EMESSAGE'],
      ]),
    ).toEqual(Array(5).fill('refused'));
  });

  it('delays where it is about the connection, the password or the sender, and at 4yz', () => {
    expect(
      kinds([
        ['CONN', undefined, 'ECONNECTION'],
        ['CONN', 554],
        ['EHLO', 550],
        ['STARTTLS', 500, 'ETLS'],
        ['AUTH PLAIN', 535, 'EAUTH'],
        ['MAIL FROM', 553],
        ['RCPT TO', 450],
        ['RCPT TO', 530],
        ['DATA', 451],
        ['RCPT TO', undefined, 'ETIMEDOUT'],
      ]),
    ).toEqual(Array(10).fill('delayed'));
  });
});

describe('the signature of a post', () => {
  it('is an HMAC over the time and the body, as the settings say', () => {
    const expected = createHmac('sha256', 's3cret').update('1795279205.{"a":1}').digest('hex');
    expect(signatureOf('s3cret', 1_795_279_205_999, '{"a":1}')).toBe(`t=1795279205,v1=${expected}`);
  });
});
