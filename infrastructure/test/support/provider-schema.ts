/**
 * Checks resources against the schemas that providers publish (`terraform providers schema -json`), as Terraform would: unknown
 * names are refused, required ones must be there, and what only the provider computes may not be set.
 */
import { readFileSync } from 'node:fs';
import { at, isMap, type Json, type JsonMap } from './json.ts';

interface Attribute {
  readonly type?: CtyType;
  readonly nested_type?: { readonly attributes: Readonly<Record<string, Attribute>>; readonly nesting_mode: Nesting };
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
}

interface Block {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly block_types?: Readonly<Record<string, BlockType>>;
}

interface BlockType {
  readonly nesting_mode: Nesting;
  readonly block: Block;
  readonly min_items?: number;
  readonly max_items?: number;
}

interface Schemas {
  readonly provider_schemas: Readonly<
    Record<
      string,
      { readonly provider: { readonly block: Block }; readonly resource_schemas: Readonly<Record<string, { readonly block: Block }>> }
    >
  >;
}

type Nesting = 'single' | 'list' | 'set' | 'map' | 'group';
export type CtyType = string | readonly unknown[];

/** What Terraform itself knows in a resource. */
const metaArguments = ['depends_on', 'count', 'for_each', 'lifecycle', 'provider', 'provisioner', 'connection'];

export interface ProviderSchemas {
  /** Faults of every resource and provider block of a stack, each with its address. */
  faultsOf(stack: JsonMap): readonly string[];
}

export function readProviderSchemas(file: string): ProviderSchemas {
  const { provider_schemas: schemas } = JSON.parse(readFileSync(file, 'utf8')) as Schemas;
  const blocks = new Map(
    Object.values(schemas).flatMap(schema => Object.entries(schema.resource_schemas).map(([type, { block }]) => [type, block])),
  );
  const providers = new Map(Object.entries(schemas).map(([source, { provider }]) => [source.split('/').at(-1) ?? source, provider.block]));
  return { faultsOf: stack => [...resourceFaults(stack, blocks), ...providerFaults(stack, providers)] };
}

function resourceFaults(stack: JsonMap, blocks: ReadonlyMap<string, Block>): readonly string[] {
  return Object.entries(at(stack, 'resource')).flatMap(([type, resources]) =>
    Object.entries(at(resources)).flatMap(([name, resource]) => {
      const block = blocks.get(type);
      const own = Object.fromEntries(Object.entries(at(resource)).filter(([argument]) => !metaArguments.includes(argument)));
      return block === undefined ? [`${type}.${name}: no provider has this type of resource`] : blockFaults(own, block, `${type}.${name}`);
    }),
  );
}

function providerFaults(stack: JsonMap, blocks: ReadonlyMap<string, Block>): readonly string[] {
  return Object.entries(at(stack, 'provider')).flatMap(([name, settings]) => {
    const block = blocks.get(name);
    if (block === undefined) return [`provider.${name}: unknown`];
    return asList(settings).flatMap(item => blockFaults(at(item), block, `provider.${name}`));
  });
}

function blockFaults(value: JsonMap, block: Block, where: string): readonly string[] {
  const { attributes = {}, block_types: blockTypes = {} } = block;
  const unknown = Object.keys(value).filter(name => !(name in attributes) && !(name in blockTypes));
  return [
    ...unknown.map(name => `${where}.${name}: unknown`),
    ...attributeFaults(value, attributes, where),
    ...Object.entries(blockTypes).flatMap(([name, type]) => nestedFaults(value[name], type, `${where}.${name}`)),
  ];
}

function attributeFaults(value: JsonMap, attributes: Readonly<Record<string, Attribute>>, where: string): readonly string[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => {
    const given = value[name];
    const place = `${where}.${name}`;
    if (given === undefined || given === null) return attribute.required === true ? [`${place}: required`] : [];
    if (attribute.required !== true && attribute.optional !== true) return [`${place}: only the provider sets it`];
    if (attribute.nested_type !== undefined) {
      const { attributes: nested, nesting_mode: nesting } = attribute.nested_type;
      return nestedFaults(given, { nesting_mode: nesting, block: { attributes: nested } }, place);
    }
    return attribute.type === undefined ? [] : typeFaults(given, attribute.type, place);
  });
}

function nestedFaults(value: Json | undefined, type: BlockType, where: string): readonly string[] {
  const items = value === undefined ? [] : type.nesting_mode === 'map' ? Object.values(at(value)) : asList(value);
  const { min_items: fewest = 0, max_items: most = Number.POSITIVE_INFINITY } = type;
  const single = type.nesting_mode === 'single' || type.nesting_mode === 'group';
  const limit = single ? 1 : most;
  const count = items.length < fewest || items.length > limit ? [`${where}: ${items.length} given, ${fewest} to ${limit} expected`] : [];
  return [...count, ...items.flatMap(item => (isMap(item) ? blockFaults(item, type.block, where) : [`${where}: a block expected`]))];
}

/** Faults of a value in a type of Terraform's; an expression may have any type. */
export function typeFaults(value: Json, type: CtyType, where: string): readonly string[] {
  if (value === null || type === 'any' || type === 'dynamic' || isExpression(value)) return [];
  if (typeof type === 'string') return typeof value === jsonTypes[type] ? [] : [`${where}: ${type} expected, was ${JSON.stringify(value)}`];
  const [kind, inner, optional] = type as readonly [
    string,
    CtyType & Readonly<Record<string, CtyType>>,
    Readonly<Record<string, CtyType>>?,
  ];
  if (kind === 'list' || kind === 'set') {
    if (!Array.isArray(value)) return [`${where}: ${kind} expected`];
    return value.flatMap((item, index) => typeFaults(item, inner, `${where}[${index}]`));
  }
  if (!isMap(value)) return [`${where}: ${kind} expected`];
  if (kind === 'map') return Object.entries(value).flatMap(([name, item]) => typeFaults(item, inner, `${where}.${name}`));
  return objectFaults(value, inner, optional ?? {}, where);
}

function objectFaults(
  value: JsonMap,
  required: Readonly<Record<string, CtyType>>,
  optional: Readonly<Record<string, CtyType>>,
  where: string,
): readonly string[] {
  const missing = Object.keys(required).filter(name => value[name] === undefined);
  const known = { ...required, ...optional };
  const inside = Object.entries(value).flatMap(([name, item]) => {
    const type = known[name];
    return type === undefined ? [`${where}.${name}: unknown`] : typeFaults(item, type, `${where}.${name}`);
  });
  return [...missing.map(name => `${where}.${name}: required`), ...inside];
}

const jsonTypes: Readonly<Record<string, string>> = { string: 'string', number: 'number', bool: 'boolean' };

function isExpression(value: Json): boolean {
  return typeof value === 'string' && /^\$\{[^}]*\}$/.test(value);
}

function asList(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}
