/** Rows by what they belong to, then by a key of their own: a run makes hundreds of thousands, and each look at them wants a few. */
export class Grouped<Key, Row> {
  readonly #groups = new Map<string, Map<Key, Row>>();

  set(group: string, key: Key, row: Row): void {
    const rows = this.#groups.get(group);
    if (rows === undefined) this.#groups.set(group, new Map([[key, row]]));
    else rows.set(key, row);
  }

  of(group: string): ReadonlyMap<Key, Row> {
    return this.#groups.get(group) ?? new Map();
  }

  delete(group: string, key: Key): void {
    this.#groups.get(group)?.delete(key);
  }

  *values(): Generator<Row> {
    for (const rows of this.#groups.values()) yield* rows.values();
  }
}
