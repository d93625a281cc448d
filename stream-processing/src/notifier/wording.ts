/** The words of a message: a subject, a plain text, HTML and a text for chats. Pure; what an alert says is text wherever it came from. */
import type { Alert } from '@tapeline/core/alerts';
import { counted } from '@tapeline/core/counted';
import { utcText } from '@tapeline/core/time-text';
import type { Notice, OlderAlerts, OlderGroup } from './notice.ts';

/** Where links lead; none where an address is absent. */
export interface LinkAddresses {
  readonly board: string | undefined;
  readonly grafana: string | undefined;
}

interface Link {
  readonly label: string;
  readonly url: string;
}

const mostSubjectLetters = 120;
/** Slack cuts longer texts. */
const mostChatLetters = 38_000;
/** What Grafana shows before and after an alert. */
const shownMs = 3_600_000;

/** One line, no control characters. */
export function subjectOf(notice: Notice): string {
  const { alerts, older } = notice;
  const [first] = alerts;
  const listed = first === undefined || alerts.length > 1 ? undefined : `[${first.severity}] ${titleOf(first)}: ${first.message}`;
  const several = alerts.length > 1 ? `${alerts.length} alerts: ${[...new Set(alerts.map(titleOf))].join(', ')}` : undefined;
  const past = older === undefined ? undefined : `${counted(older.count, 'older alert')}`;
  return shortened(plain([listed ?? several, past].filter(part => part !== undefined).join(' and ')), mostSubjectLetters);
}

/** For people who read mails as plain text. */
export function textOf(notice: Notice, addresses: LinkAddresses): string {
  const alerts = notice.alerts.map(alert => {
    const links = linksOf(alert, addresses).map(({ label, url }) => `  ${label}: ${url}`);
    return [
      `[${alert.severity}] ${titleOf(alert)} at ${utcText(alert.timeMs)}`,
      `  ${alert.message}`,
      ...figuresOf(alert).map(line => `  ${line}`),
      ...links,
    ]
      .map(plain)
      .join('\n');
  });
  const older =
    notice.older === undefined
      ? []
      : [[headOf(notice.older), ...notice.older.groups.map(lineOf), ...restOf(notice.older)].map(plain).join('\n')];
  return `${[...alerts, ...older].join('\n\n')}\n\n-- \nTapeline\n`;
}

/** The same as HTML that needs nothing from outside. */
export function htmlOf(notice: Notice, addresses: LinkAddresses): string {
  const cell = (text: string) => `<td style="padding:4px 12px 4px 0;vertical-align:top">${text}</td>`;
  const rows = notice.alerts.map(alert => {
    const links = linksOf(alert, addresses).map(({ label, url }) => `<a href="${escaped(url)}">${escaped(label)}</a>`);
    const words = [
      `<strong>${escaped(titleOf(alert))}</strong>`,
      escaped(alert.message),
      ...figuresOf(alert).map(escaped),
      links.join(' · '),
    ];
    return `<tr>${cell(escaped(alert.severity))}${cell(escaped(utcText(alert.timeMs)))}${cell(words.filter(word => word !== '').join('<br>'))}</tr>`;
  });
  const table = rows.length === 0 ? '' : `<table style="border-collapse:collapse">${rows.join('')}</table>`;
  const older =
    notice.older === undefined
      ? ''
      : `<p>${escaped(headOf(notice.older))}</p><ul>${[...notice.older.groups.map(lineOf), ...restOf(notice.older)].map(line => `<li>${escaped(line)}</li>`).join('')}</ul>`;
  return `<!doctype html><html><body style="font-family:sans-serif;font-size:14px">${table}${older}<p style="color:#666">Tapeline</p></body></html>`;
}

/** For Slack's incoming webhooks and what takes the same: its `&`, `<` and `>` are escaped, links are `<address|words>`. */
export function chatTextOf(notice: Notice, addresses: LinkAddresses): string {
  const chat = (text: string) => plain(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const alerts = notice.alerts.map(alert => {
    const links = linksOf(alert, addresses).map(({ label, url }) => `<${chat(url).replaceAll('|', '%7C')}|${chat(label)}>`);
    const head = `*[${alert.severity}] ${chat(titleOf(alert))}* at ${utcText(alert.timeMs)}`;
    return [head, chat(alert.message), ...figuresOf(alert).map(chat), ...(links.length === 0 ? [] : [links.join(' · ')])].join('\n');
  });
  const older =
    notice.older === undefined
      ? []
      : [[headOf(notice.older), ...notice.older.groups.map(lineOf), ...restOf(notice.older)].map(chat).join('\n')];
  return shortened([...alerts, ...older].join('\n\n'), mostChatLetters);
}

function titleOf({ rule, symbol, feed }: Alert): string {
  return `${symbol ?? feed ?? 'feed'} ${rule}`;
}

function figuresOf({ value, threshold, interval }: Alert): readonly string[] {
  const figures = [
    ...(value === undefined ? [] : [`value ${value}`]),
    ...(threshold === undefined ? [] : [`threshold ${threshold}`]),
    ...(interval === undefined ? [] : [`bar of ${interval}`]),
  ];
  return figures.length === 0 ? [] : [figures.join(', ')];
}

function linksOf({ symbol, interval, timeMs }: Alert, { board, grafana }: LinkAddresses): readonly Link[] {
  const chosen = { ...(symbol === undefined ? {} : { symbol }), ...(interval === undefined ? {} : { interval }) };
  const variables = Object.entries(chosen).map(([name, value]) => [`var-${name}`, value]);
  const range = [
    ['from', String(timeMs - shownMs)],
    ['to', String(timeMs + shownMs)],
  ];
  const dashboard = symbol === undefined ? 'tapeline-data-quality' : 'tapeline-market';
  return [
    ...(board === undefined ? [] : [{ label: 'Board', url: addressOf(board, '', Object.entries(chosen)) }]),
    ...(grafana === undefined ? [] : [{ label: 'Grafana', url: addressOf(grafana, `d/${dashboard}`, [...variables, ...range]) }]),
  ];
}

function addressOf(base: string, path: string, parameters: readonly (readonly string[])[]): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  for (const [name = '', value = ''] of parameters) url.searchParams.set(name, value);
  return url.href;
}

function headOf({ count }: OlderAlerts): string {
  return `${counted(count, 'older alert')} could not be sent in time:`;
}

function lineOf({ rule, subject, severity, count, firstMs, lastMs, message }: OlderGroup): string {
  const when = firstMs === lastMs ? `at ${utcText(firstMs)}` : `from ${utcText(firstMs)} to ${utcText(lastMs)}`;
  return `${count} × [${severity}] ${subject} ${rule} ${when}; the last: ${message}`;
}

function restOf({ others }: OlderAlerts): readonly string[] {
  return others === 0 ? [] : [`and ${others} of other rules and symbols`];
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return plain(text).replace(/[&<>"']/g, letter => names[letter] ?? letter);
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}
