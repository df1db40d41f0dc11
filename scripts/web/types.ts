import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SchemaObject } from 'ajv';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(ROOT, 'web/sdk/api.ts');
/** The contracts read the environment, which decides nothing about types. */
const UNUSED = {
  DATABASE_URL: 'postgres://localhost/none',
  REDIS_URL: 'redis://localhost',
  JWT_SECRET: 'a secret that signs nothing at all',
  OPENAI_API_KEY: 'none',
};

export async function writeTypes(): Promise<void> {
  writeFileSync(FILE, await typesOfApi());
}

/** Writes the types of what the API answers and pushes, from the schemas of /openapi.json and /asyncapi.json. */
export async function typesOfApi(): Promise<string> {
  for (const [name, value] of Object.entries(UNUSED)) process.env[name] ??= value;
  for (const path of globSync('api/**/contract.ts', { cwd: ROOT }).toSorted()) await import(join(ROOT, path));
  const { schemas } = await import('../../api/contract/schema.ts');
  const { serverEvents } = await import('../../api/sockets/contract.ts');
  const names = Object.keys(schemas).toSorted();
  const types = names.map((name) => `export type ${name} = ${written(schemas[name] ?? {}, '')};\n`);
  const events = Object.entries(serverEvents).map(
    ([name, schema]) => `  '${name}': ${written(schema, '  ')};`,
  );
  const all = `/** The events that the server pushes, by name. */\nexport type ServerEvents = {\n${events.join('\n')}\n};\n`;
  return ['/** Made from the contracts of the API by `npm run write`. Do not edit. */\n', ...types, all].join(
    '\n',
  );
}

/** Writes a JSON Schema as a type of TypeScript. */
function written(schema: SchemaObject, indent: string): string {
  const { $ref, anyOf, allOf, enum: words, type } = schema;
  if ($ref !== undefined) return String($ref).split('/').at(-1) ?? 'unknown';
  if ('const' in schema) return literal(schema.const);
  if (anyOf) return union((anyOf as SchemaObject[]).map((one) => written(one, indent)));
  if (allOf) return (allOf as SchemaObject[]).map((one) => written(one, indent)).join(' & ');
  if (words) return union((words as unknown[]).map(literal));
  const types: string[] = Array.isArray(type) ? type : [type ?? 'unknown'];
  return union(types.map((one) => ofType(one, schema, indent)));
}

function ofType(type: string, schema: SchemaObject, indent: string): string {
  if (type === 'integer') return 'number';
  if (type === 'array') return arrayOf(written((schema.items as SchemaObject) ?? {}, indent));
  if (type !== 'object') return ['string', 'number', 'boolean', 'null'].includes(type) ? type : 'unknown';
  if (schema.properties) return fields(schema, indent);
  const { additionalProperties: more, patternProperties } = schema;
  const [pattern] = Object.values((patternProperties ?? {}) as Record<string, SchemaObject>);
  const value = typeof more === 'object' ? (more as SchemaObject) : pattern;
  return `Record<string, ${value ? written(value, indent) : 'unknown'}>`;
}

function fields({ properties, required = [] }: SchemaObject, indent: string): string {
  const within = `${indent}  `;
  const lines = Object.entries(properties as Record<string, SchemaObject>).map(([name, schema]) => {
    const note = schema.description ? `${within}/** ${schema.description} */\n` : '';
    const optional = (required as string[]).includes(name) ? '' : '?';
    return `${note}${within}${/^\w+$/.test(name) ? name : `'${name}'`}${optional}: ${written(schema, within)};`;
  });
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n${indent}}`;
}

function arrayOf(item: string): string {
  return /^[\w']+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function union(parts: string[]): string {
  return [...new Set(parts)].join(' | ');
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
