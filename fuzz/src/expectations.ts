/** What checks of inputs have in common: refusals that are allowed, equality, plain objects. */
import { inspect, isDeepStrictEqual } from 'node:util';
import { type ErrorCode, PipelineError } from '@tapeline/core/errors';

/** An input that showed a fault: not a refusal, but something that must not be. */
export class Finding extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Finding';
  }
}

/** Stands for a value that was refused as it should be. */
export const refused = Symbol('refused');

/** What `read` gives, or `refused` when it threw an error that `isRefusal` knows; every other error goes on. */
export function orRefused<T>(read: () => T, isRefusal: (error: unknown) => boolean): T | typeof refused {
  try {
    return read();
  } catch (error) {
    if (isRefusal(error)) return refused;
    throw error;
  }
}

/** The same for what is read later. */
export async function orRefusedLater<T>(read: () => Promise<T>, isRefusal: (error: unknown) => boolean): Promise<T | typeof refused> {
  try {
    return await read();
  } catch (error) {
    if (isRefusal(error)) return refused;
    throw error;
  }
}

/** Tells an error of ours with one of these codes. */
export function withCode(...codes: readonly ErrorCode[]): (error: unknown) => boolean {
  return error => error instanceof PipelineError && codes.includes(error.code);
}

/** @throws Finding when the two differ. */
export function expectSame(given: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(given, expected)) return;
  throw new Finding(`${what}: ${shown(given)} is not ${shown(expected)}`);
}

/** @throws Finding unless it is so. */
export function expectThat(isSo: boolean, what: string, value?: unknown): void {
  if (!isSo) throw new Finding(value === undefined ? what : `${what}: ${shown(value)}`);
}

/** @throws Finding when an object in the value has another prototype than plain ones, which a key `__proto__` could give it. */
export function expectPlain(value: unknown, what: string): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue;
    const prototype: unknown = Object.getPrototypeOf(next);
    const isPlain = prototype === null || prototype === Object.prototype || prototype === Array.prototype;
    if (!isPlain) throw new Finding(`${what} has an object whose prototype came from the input: ${shown(next)}`);
    left.push(...Object.values(next));
  }
}

/** A sentence for people: no longer than a log line should be. */
export function expectSentence(text: string, what: string, most = 2_000): void {
  expectThat(typeof text === 'string' && text.length > 0, `${what} is empty`);
  expectThat(text.length <= most, `${what} is longer than ${most} characters`, text.length);
}

export function jsonIn(input: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(input.toString()) };
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY }).slice(0, 600);
}
