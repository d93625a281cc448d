/** What is exported, and where to. */
import { type Interval, intervals } from '../intervals.ts';
import { absent, intervalList, list, path, type Setting, secretText, text, url, whole } from '../setting-kinds.ts';

/** What can be exported. */
export const exportTables = ['bars', 'ticks', 'gaps', 'alerts'] as const;
export type ExportTable = (typeof exportTables)[number];

export const exportSettings = {
  EXPORT_FOLDER: absent<string>({
    ...path,
    expected: 'the path of a folder',
    example: '/var/lib/tapeline/export',
    help: 'where each day is exported to as Parquet files, once it is over; nothing is exported when this and EXPORT_BUCKET are absent',
  }),
  EXPORT_BUCKET: absent<string>({
    schema: text.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    expected: 'the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens',
    example: 'market-data',
    help: 'the same, to a bucket of AWS or of a store that speaks its protocol',
  }),
  EXPORT_PREFIX: absent<string>({
    schema: text.regex(/^[^/](.{0,500}[^/])?$/),
    expected: 'text without a slash at its start or end',
    example: 'tapeline/prod',
    help: 'what all names in the bucket begin with',
  }),
  EXPORT_ENDPOINT: absent<string>({
    schema: url('http', 'https'),
    expected: 'an http:// or https:// address',
    example: 'https://storage.example.com',
    help: "address of the store; AWS's when absent",
  }),
  EXPORT_REGION: {
    schema: text,
    otherwise: 'us-east-1',
    expected: 'the name of a region',
    example: 'eu-central-1',
    help: 'region of the bucket',
  } as Setting<string>,
  EXPORT_ACCESS_KEY: absent<string>({
    ...secretText,
    help: 'id of an access key for the bucket; what the machine is given by AWS when absent',
  }),
  EXPORT_SECRET_KEY: absent<string>({ ...secretText, help: 'its secret access key' }),
  EXPORT_TABLES: {
    schema: list
      .refine(names => names.every(name => (exportTables as readonly string[]).includes(name)))
      .transform(names => exportTables.filter(name => names.includes(name)) as readonly ExportTable[]),
    otherwise: ['bars', 'gaps', 'alerts'],
    expected: `one or more of ${exportTables.join(', ')}, separated by commas`,
    example: 'bars,ticks,gaps,alerts',
    help: 'what is exported',
  } as Setting<readonly ExportTable[]>,
  EXPORT_INTERVALS: {
    schema: intervalList,
    otherwise: ['1m', '5m', '15m', '1h', '1d'],
    expected: `one or more of ${intervals.join(', ')}, separated by commas`,
    example: '1m,1d',
    help: 'of the bars, as far as BAR_INTERVALS has them',
  } as Setting<readonly Interval[]>,
  EXPORT_DAYS: {
    schema: whole(1, 1_000),
    otherwise: 7,
    expected: 'a whole number from 1 to 1000',
    example: '30',
    help: 'this many past days (UTC) are exported where their files are missing, or where the store has more by now',
  } as Setting<number>,
} as const;
