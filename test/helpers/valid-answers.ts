import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { RouteDefinition } from '../../src/routing/route.js';

/** The part of an answer that is compared with the document. */
export interface CheckedAnswer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: unknown;
}

interface Operation {
  readonly name: string;
  readonly fits: RegExp;
  /** Body schemas by status, where the document has one; null: no body, or one that is no JSON. */
  readonly answers: ReadonlyMap<number, string | null>;
  /** Alternative media types of the answer. */
  readonly texts?: readonly string[];
}

type Node = { readonly [key: string]: unknown };
type Answers = Readonly<
  Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }>
>;

const JSON_TYPE = 'application/json';
const MOST_PROBLEMS = 5;

/**
 * Written by hand, since the contract is stricter than JSON Schema: UTC with Z, microseconds when they are not zero.
 */
const FORMATS = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/,
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^\d\d:\d\d:\d\d(\.\d{6})?$/,
  decimal: /^-?\d+(\.\d+)?$/,
  email: /^[^\s@]+@[^\s@]+$/,
  uri: (text: string) => URL.canParse(text),
  binary: true,
} as const;

const ajv = new Ajv({ strict: false, validateSchema: false, logger: false, formats: FORMATS });
let contract: Operation[] | undefined;

/**
 * Checks a 2xx answer against the contract's document of its operation; of an operation beyond the contract, against
 * its own route. What neither knows passes. Schemas are compiled at their first use.
 * @param path without query
 * @throws Error that names the operation, and the places in the body that are wrong
 */
export function checkAnswer(
  routes: readonly RouteDefinition[],
  method: string,
  path: string,
  { status, type, body }: CheckedAnswer,
): void {
  if (status < 200 || status > 299) return;
  contract ??= readContract();
  const operation = operationOf(contract, routes, method, path);
  if (!operation) return;
  const problems = problemsOf(operation, { status, type, body });
  if (problems.length === 0) return;
  throw new Error(`${operation.name} answers ${status} against its documentation: ${problems.join('; ')}`);
}

function problemsOf({ answers, texts = [] }: Operation, { status, type, body }: CheckedAnswer): string[] {
  const schema = answers.get(status);
  if (schema === undefined) return [`it names only ${[...answers.keys()].join(', ')}`];
  if (schema === null || texts.some((text) => type?.startsWith(text))) return [];
  if (!type?.startsWith(JSON_TYPE)) return [`${type} in place of JSON`];
  const valid = ajv.getSchema(schema);
  if (!valid) throw new Error(`there is no schema ${schema}`);
  if (valid(body)) return [];
  return (valid.errors ?? [])
    .slice(0, MOST_PROBLEMS)
    .map(
      ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    );
}

function readContract(): Operation[] {
  const document = JSON.parse(readFileSync(new URL('../contract/openapi.json', import.meta.url), 'utf8'));
  ajv.addSchema(toJsonSchema(document) as object, 'contract');
  const paths = Object.entries(document.paths as Record<string, Record<string, { responses?: Answers }>>);
  return paths.flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { responses }]) =>
      responses
        ? [operation(method.toUpperCase(), path, responses, `contract#/paths/${escaped(path)}/${method}`)]
        : [],
    ),
  );
}

function operation(method: string, path: string, responses: Answers, place: string): Operation {
  const answers = Object.entries(responses).map(([status, { content }]) => {
    const at = `${place}/responses/${status}/content/${escaped(JSON_TYPE)}/schema`;
    return [Number(status), content?.[JSON_TYPE]?.schema ? at : null] as const;
  });
  return { name: `${method} ${path}`, fits: patternOf(path), answers: new Map(answers) };
}

const served = new WeakMap<readonly RouteDefinition[], Operation[]>();

function operationsOf(routes: readonly RouteDefinition[]): Operation[] {
  let operations = served.get(routes);
  if (!operations) {
    operations = routes.map(({ method, path, status = 200, response, produces = [] }) => {
      const key = `served:${method}${path}`;
      // Not getSchema, which compiles what it finds: a worker starts the application many times.
      if (response && !ajv.schemas[key]) ajv.addSchema(toJsonSchema(response) as object, key);
      const answers = new Map([[status, response ? key : null]]);
      return { name: `${method} ${path}`, fits: patternOf(path), answers, texts: produces };
    });
    served.set(routes, operations);
  }
  return operations;
}

/** Finds the operation of a path. One without parameters comes before one whose parameter would match. */
function operationOf(
  known: readonly Operation[],
  routes: readonly RouteDefinition[],
  method: string,
  path: string,
): Operation | undefined {
  const name = `${method} ${path}`;
  const beyond = operationsOf(routes);
  const isIt = (one: Operation) => one.name === name;
  const fits = (one: Operation) => one.name.startsWith(`${method} `) && one.fits.test(path);
  return known.find(isIt) ?? beyond.find(isIt) ?? known.find(fits) ?? beyond.find(fits);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}|:\w+/g, '[^/]+')}$`);
}

function escaped(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** Converts `nullable` of OpenAPI 3.0 into JSON Schema's type null. */
function toJsonSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toJsonSchema);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, ...rest } = node as Node;
  const schema = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, toJsonSchema(value)]));
  return nullable === true ? { anyOf: [{ type: 'null' }, schema] } : schema;
}
