/** Runs checks one after another, each within a time of its own, and gathers what they find: one that fails ends no other. */
import { PipelineError, reasonOf } from '@tapeline/core/errors';
import { type Finding, fault, skipped } from './finding.ts';

export interface ExaminationOptions {
  /** What a check may take. */
  readonly timeoutMs: number;
}

/** Whether a process needs the right to see this; the doctor is run with the rights of any of them. */
export type Rights = 'needed' | 'optional';

export class Examination {
  readonly #timeoutMs: number;
  readonly #findings: Finding[] = [];

  constructor({ timeoutMs }: ExaminationOptions) {
    this.#timeoutMs = timeoutMs;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  add(...findings: readonly Finding[]): void {
    this.#findings.push(...findings);
  }

  /** What it throws, and no answer in time, are faults of this check. */
  async check(name: string, look: () => Promise<readonly Finding[]> | readonly Finding[], rights: Rights = 'needed'): Promise<void> {
    this.add(...((await this.value(name, async () => look(), rights)) ?? []));
  }

  /** Asks for what later checks need; `undefined`, and a fault, when there is no answer. */
  async value<T>(name: string, ask: () => Promise<T>, rights: Rights = 'needed'): Promise<T | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      const remedy =
        'check that the server and the network work, and that both sides speak TLS or neither, or give it longer with --timeout';
      this.add(fault(name, `no answer within ${this.#timeoutMs / 1_000} s`, remedy));
      late.resolve(undefined);
    }, this.#timeoutMs);
    try {
      return await Promise.race([ask(), late.promise]);
    } catch (error) {
      if (rights === 'optional' && isForbidden(error)) this.add(skipped(name, 'this user may not see it, and need not'));
      else this.add(fault(name, error instanceof PipelineError ? error.message : `it failed: ${reasonOf(error)}`));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

function isForbidden(error: unknown): boolean {
  const type = error instanceof PipelineError ? error.fields.type : undefined;
  return typeof type === 'string' && /^(TOPIC|GROUP)_AUTHORIZATION_FAILED$/.test(type);
}
