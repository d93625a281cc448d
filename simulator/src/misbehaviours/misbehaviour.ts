/** All the ways in which the simulator can misbehave, and how one is read from text. */
import { usageError } from '@tapeline/core/errors';
import { z } from 'zod';
import { badGateway } from './bad-gateway.ts';
import { dead } from './dead.ts';
import { delay } from './delay.ts';
import { drop } from './drop.ts';
import { duplicate } from './duplicate.ts';
import type { Fault, MisbehaviourKind } from './fault.ts';
import { future } from './future.ts';
import { huge } from './huge.ts';
import { malformed } from './malformed.ts';
import { mute } from './mute.ts';
import { nullSuccess } from './null-success.ts';
import { planExhausted } from './plan-exhausted.ts';
import { refuseKey } from './refuse-key.ts';
import { refuseSymbols } from './refuse-symbols.ts';
import { reorder } from './reorder.ts';
import { repeatLast } from './repeat-last.ts';
import { unanswered } from './unanswered.ts';
import { unknownEvents } from './unknown-events.ts';

const schema = z.discriminatedUnion('kind', [
  refuseKey.schema,
  badGateway.schema,
  refuseSymbols.schema,
  planExhausted.schema,
  nullSuccess.schema,
  unanswered.schema,
  drop.schema,
  mute.schema,
  dead.schema,
  repeatLast.schema,
  duplicate.schema,
  reorder.schema,
  delay.schema,
  future.schema,
  malformed.schema,
  unknownEvents.schema,
  huge.schema,
]);

/** One way to misbehave, as in `{ kind: 'mute', afterMessages: 20, connections: 1 }`. */
export type Misbehaviour = Readonly<z.infer<typeof schema>>;
export type MisbehaviourName = Misbehaviour['kind'];

const kinds: Readonly<Record<MisbehaviourName, MisbehaviourKind>> = {
  'refuse-key': erased(refuseKey),
  'bad-gateway': erased(badGateway),
  'refuse-symbols': erased(refuseSymbols),
  'plan-exhausted': erased(planExhausted),
  'null-success': erased(nullSuccess),
  unanswered: erased(unanswered),
  drop: erased(drop),
  mute: erased(mute),
  dead: erased(dead),
  'repeat-last': erased(repeatLast),
  duplicate: erased(duplicate),
  reorder: erased(reorder),
  delay: erased(delay),
  future: erased(future),
  malformed: erased(malformed),
  'unknown-events': erased(unknownEvents),
  huge: erased(huge),
};

/** What a kind says about itself, for `--help` and the README. */
export interface MisbehaviourDescription {
  readonly kind: string;
  readonly summary: string;
  readonly options: readonly { readonly name: string; readonly description: string }[];
}

/** Every kind, in the order of the flow: upgrade, subscription, connection, prices. */
export const misbehaviourDescriptions: readonly MisbehaviourDescription[] = Object.entries(kinds).map(
  ([kind, { summary, schema: own }]) => ({
    kind,
    summary,
    options: Object.entries(own.shape)
      .filter(([name]) => name !== 'kind')
      .map(([name, option]) => ({ name, description: (option as z.ZodType).description ?? '' })),
  }),
);

/** The fault of a misbehaviour. */
export function faultOf(misbehaviour: Misbehaviour): Fault {
  return kinds[misbehaviour.kind].fault(misbehaviour);
}

/**
 * Checks what claims to be a misbehaviour.
 * @throws PipelineError `usage` with every fault in it.
 */
export function checkedMisbehaviour(value: unknown): Misbehaviour {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(issue => `${issue.path.join('.') || 'misbehaviour'}: ${issue.message}`);
  throw usageError(`misbehaviour ${JSON.stringify(value)} is not one: ${faults.join('; ')}; ${expectedOf(value)}`);
}

function expectedOf(value: unknown): string {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  const known = misbehaviourDescriptions.find(description => description.kind === kind);
  if (known === undefined) return `expected one of ${Object.keys(kinds).join(', ')}`;
  return `expected options of ${known.kind} are ${known.options.map(({ name }) => name).join(', ')}`;
}

/**
 * Reads a misbehaviour from text: `mute`, `mute:afterMessages=20,connections=1`, `refuse-symbols:symbols=AAPL+MSFT`.
 * @throws PipelineError `usage`.
 */
export function parseMisbehaviour(text: string): Misbehaviour {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const options = colon < 0 ? [] : text.slice(colon + 1).split(',');
  return checkedMisbehaviour({ kind, ...Object.fromEntries(options.map(optionOf)) });
}

function optionOf(text: string): readonly [string, unknown] {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? '' : text.slice(equals + 1);
  if (name === 'symbols') return [name, value.split('+')];
  return [name, /^-?\d+$/.test(value) ? Number(value) : value];
}

/** The registry holds kinds whose options differ; each is only ever called with what its own schema accepted. */
function erased<Schema extends z.ZodObject>(kind: MisbehaviourKind<Schema>): MisbehaviourKind {
  return kind as unknown as MisbehaviourKind;
}
