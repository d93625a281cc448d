/** Counts in sentences: `1 replica`, `3 replicas`; `2 copies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
