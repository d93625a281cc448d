/** JSON as the tests read it. */
export type Json = string | number | boolean | null | readonly Json[] | JsonMap;

export interface JsonMap {
  readonly [name: string]: Json;
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map at these names; empty where there is none. */
export function at(value: Json | undefined, ...names: readonly string[]): JsonMap {
  let found: Json | undefined = value;
  for (const name of names) found = isMap(found) ? found[name] : undefined;
  return isMap(found) ? found : {};
}

/** Without CDKTF's notes about itself. */
export function withoutMetadata(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutMetadata);
  if (!isMap(value)) return value;
  const kept = Object.entries(value).filter(([name]) => name !== '//');
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutMetadata(item)]));
}

/** Each text in it. */
export function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isMap(value) ? Object.values(value).flatMap(textsIn) : [];
}
