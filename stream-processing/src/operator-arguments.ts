/** What an operator may ask of the stream processor's program in a pod besides processing. */
import { parseArgs } from 'node:util';
import { type PipelineError, reasonOf, usageError } from '@tapeline/core/errors';

export type OperatorCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'process' }
  | { readonly kind: 'rebuild'; readonly generation?: number; readonly switch: boolean; readonly shorter: boolean; readonly whole: boolean }
  | { readonly kind: 'repartition'; readonly partitions: number; readonly to: string; readonly shorter: boolean }
  | { readonly kind: 'generations'; readonly switch?: number; readonly drop?: number }
  | { readonly kind: 'doctor'; readonly json: boolean; readonly timeoutSeconds?: number };

/** @throws PipelineError `usage`. */
export function operatorCommandOf(given: readonly string[]): OperatorCommand {
  if (given.some(argument => argument === '--help' || argument === '-h')) return { kind: 'help' };
  const [name, ...args] = given;
  if (name === undefined) return { kind: 'process' };
  try {
    if (name === 'rebuild') return rebuildOf(args);
    if (name === 'repartition') return repartitionOf(args);
    if (name === 'generations') return generationsOf(args);
    if (name === 'doctor') return doctorOf(args);
  } catch (error) {
    throw usage(reasonOf(error));
  }
  throw usage(`expected rebuild, repartition, generations, doctor or nothing, was "${given.join(' ')}"`);
}

function rebuildOf(args: string[]): OperatorCommand {
  const { values } = parseArgs({
    args,
    options: { generation: { type: 'string' }, 'no-switch': { type: 'boolean' }, shorter: { type: 'boolean' }, whole: { type: 'boolean' } },
  });
  const { generation, 'no-switch': noSwitch = false, shorter = false, whole = false } = values;
  return { kind: 'rebuild', switch: !noSwitch, shorter, whole, ...(generation === undefined ? {} : { generation: numberOf(generation) }) };
}

function repartitionOf(args: string[]): OperatorCommand {
  const { values } = parseArgs({ args, options: { partitions: { type: 'string' }, to: { type: 'string' }, shorter: { type: 'boolean' } } });
  const { partitions, to, shorter = false } = values;
  if (partitions === undefined || to === undefined) throw new Error('repartition needs --partitions and --to');
  return { kind: 'repartition', partitions: numberOf(partitions), to, shorter };
}

function generationsOf(args: string[]): OperatorCommand {
  const { values } = parseArgs({ args, options: { switch: { type: 'string' }, drop: { type: 'string' } } });
  if (values.switch !== undefined && values.drop !== undefined)
    throw new Error('--switch and --drop are two commands, one after the other');
  return {
    kind: 'generations',
    ...(values.switch === undefined ? {} : { switch: numberOf(values.switch) }),
    ...(values.drop === undefined ? {} : { drop: numberOf(values.drop) }),
  };
}

function doctorOf(args: string[]): OperatorCommand {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' }, timeout: { type: 'string' } } });
  const { json = false, timeout } = values;
  return { kind: 'doctor', json, ...(timeout === undefined ? {} : { timeoutSeconds: numberOf(timeout) }) };
}

function numberOf(text: string): number {
  const generation = Number(text);
  if (Number.isSafeInteger(generation) && generation >= 1) return generation;
  throw new Error(`expected a whole number from 1, was ${text}`);
}

function usage(reason: string): PipelineError {
  return usageError(`${reason}; see --help`);
}
