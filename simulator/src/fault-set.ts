/** The misbehaviours that are switched on, and which connections they touch. */
import type { ConnectionFault, UpgradeRefusal, Wire } from './misbehaviours/fault.ts';
import { checkedMisbehaviour, faultOf, type Misbehaviour, type MisbehaviourName } from './misbehaviours/misbehaviour.ts';

interface ActiveFault {
  readonly kind: MisbehaviourName;
  readonly upgrade: (() => UpgradeRefusal) | undefined;
  readonly connection: ((wire: Wire) => ConnectionFault) | undefined;
  /** How many connections or upgrades it may still touch. */
  left: number;
}

/** The faults of one connection, in the order in which they were switched on. */
export interface ConnectionFaults {
  /** Brings in what was switched on since, and drops what was switched off. */
  current(): readonly ConnectionFault[];
}

export class FaultSet {
  #active: readonly ActiveFault[] = [];
  #listeners = new Set<() => void>();

  /** Switches one on, in place of one of the same kind. */
  add(misbehaviour: Misbehaviour): void {
    const checked = checkedMisbehaviour(misbehaviour);
    const fault = faultOf(checked);
    const active: ActiveFault = {
      kind: checked.kind,
      upgrade: fault.upgrade?.bind(fault),
      connection: fault.connection?.bind(fault),
      left: checked.connections ?? Number.POSITIVE_INFINITY,
    };
    this.#set([...this.#active.filter(({ kind }) => kind !== checked.kind), active]);
  }

  /** Switches one kind off, or all. */
  remove(kind: MisbehaviourName | undefined): void {
    this.#set(kind === undefined ? [] : this.#active.filter(active => active.kind !== kind));
  }

  /** The answer to an upgrade in place of a connection. */
  refuseUpgrade(): UpgradeRefusal | undefined {
    const active = this.#active.find(({ upgrade, left }) => upgrade !== undefined && left > 0);
    if (active === undefined) return undefined;
    active.left -= 1;
    return active.upgrade?.();
  }

  /** The faults of a new connection; `wire` is how they act on it, `signal` ends with it. */
  attach(wire: Wire, signal: AbortSignal): ConnectionFaults {
    const made = new Map<ActiveFault, ConnectionFault | undefined>();
    let faults: readonly ConnectionFault[] = [];
    const refresh = (): void => {
      for (const active of this.#active) {
        if (!made.has(active)) made.set(active, touch(active, wire));
      }
      for (const known of made.keys()) {
        if (!this.#active.includes(known)) made.delete(known);
      }
      faults = this.#active.flatMap(active => made.get(active) ?? []);
    };
    this.#listeners.add(refresh);
    signal.addEventListener('abort', () => this.#listeners.delete(refresh), { once: true });
    refresh();
    return { current: () => faults };
  }

  #set(active: readonly ActiveFault[]): void {
    this.#active = active;
    for (const refresh of this.#listeners) refresh();
  }
}

function touch(active: ActiveFault, wire: Wire): ConnectionFault | undefined {
  if (active.connection === undefined || active.left <= 0) return undefined;
  active.left -= 1;
  return active.connection(wire);
}
