/** All parsers that are fuzzed, in the order of the flow. */
import type { FuzzedParser } from './fuzzed-parser.ts';
import { boardParsers } from './parsers/board.ts';
import { deploymentParsers } from './parsers/deployments.ts';
import { everydayParsers } from './parsers/everyday-prices.ts';
import { recordParsers } from './parsers/feed-records.ts';
import { foldParsers } from './parsers/folds.ts';
import { kafkaParsers } from './parsers/kafka-wire.ts';
import { workParsers } from './parsers/kept-work.ts';
import { recordingParsers } from './parsers/recordings.ts';
import { settingParsers } from './parsers/settings.ts';
import { vendorMessages } from './parsers/vendor-messages.ts';

export const parsers: readonly FuzzedParser[] = [
  ...vendorMessages,
  ...everydayParsers,
  ...recordingParsers,
  ...recordParsers,
  ...kafkaParsers,
  ...foldParsers,
  ...workParsers,
  ...settingParsers,
  ...deploymentParsers,
  ...boardParsers,
];

/** @throws RangeError for a name that no parser has. */
export function parserNamed(name: string): FuzzedParser {
  const parser = parsers.find(each => each.name === name);
  if (parser === undefined) throw new RangeError(`"${name}" is no parser, expected one of ${parsers.map(each => each.name).join(', ')}`);
  return parser;
}
