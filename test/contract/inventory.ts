import { ADDITIONS, type Addition } from './additions.js';
import { METHODS, type Node, resolve } from './openapi-facts.js';

// A document's parts that can be added to the contract's, a line each: `operation GET /path`, `parameter agent of GET
// /path`, `answer 429 of POST /path`, `field email of ClientOutput`, `maxLength 100 of TaskCreateRequest.tags[]`.

const LIST = 'ADDITIONS in test/contract/additions.ts';

/** Lists the parts of a document. */
function inventoryOf(document: Node): string[] {
  const { schemas } = document.components as { schemas: Record<string, Node> };
  return [
    ...operationsOf(document).flatMap(([name, operation]) => [
      `operation ${name}`,
      ...((operation.parameters ?? []) as Node[])
        .map((given) => resolve(document, given))
        .map((parameter) => `parameter ${parameterName(parameter)} of ${name}`),
      ...Object.keys(operation.responses as Node).map((status) => `answer ${status} of ${name}`),
    ]),
    ...Object.entries(schemas).flatMap(([name, schema]) => fieldsOf(name, schema)),
    ...limitsOf(schemas).map(({ part }) => part),
  ];
}

/** Names a parameter; the same name can stand for a header and in the query. */
function parameterName(parameter: Node): string {
  return parameter.in === 'header' ? `header ${parameter.name}` : String(parameter.name);
}

const LIMITS = ['maxLength', 'maxItems', 'maxProperties'] as const;

/** Returns the maxima of all components, with the schemas that name them. */
function limitsOf(schemas: Record<string, Tree>): { part: string; keyword: string; schema: Tree }[] {
  const visit = (place: string, schema: Tree): ReturnType<typeof limitsOf> => [
    ...LIMITS.filter((keyword) => schema[keyword] !== undefined).map((keyword) => ({
      part: `${keyword} ${schema[keyword]} of ${place}`,
      keyword,
      schema,
    })),
    ...[...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((inner: Tree) => visit(place, inner)),
    ...(schema.items ? visit(`${place}[]`, schema.items) : []),
    ...Object.entries<Tree>(schema.properties ?? {}).flatMap(([name, inner]) =>
      visit(`${place}.${name}`, inner),
    ),
  ];
  return Object.entries(schemas).flatMap(([name, schema]) => visit(name, schema));
}

/** Returns a maximum without its number; null for a part that is none. */
function limitWithoutNumber(part: string): string | null {
  const [, keyword, place] = /^(max\w+) \d+ of (.*)$/.exec(part) ?? [];
  return keyword === undefined ? null : `${keyword} of ${place}`;
}

/** Lists the parts that ADDITIONS names. */
export function listedParts(additions: readonly Addition[] = ADDITIONS): string[] {
  const each = (kind: string, names: readonly (string | number)[], of: readonly string[]) =>
    of.flatMap((place) => names.map((name) => `${kind} ${name} of ${place}`));
  return additions.flatMap((added) => {
    if ('operations' in added) return added.operations.map((name) => `operation ${name}`);
    if ('parameters' in added) return each('parameter', added.parameters, added.of);
    if ('answers' in added) return each('answer', added.answers, added.of);
    const limit = LIMITS.find((keyword) => keyword in added);
    if (limit && 'of' in added) return each(limit, [added[limit as never] as number], added.of);
    return 'fields' in added ? each('field', added.fields, added.of) : [];
  });
}

/**
 * Lists the parts of the served document that the contract has not. What belongs to an operation or a component that is
 * itself added is left out.
 */
export function partsBeyond(contract: Node, served: Node): string[] {
  const known = new Set(inventoryOf(contract));
  const limited = new Set([...known].map(limitWithoutNumber));
  const { schemas } = contract.components as { schemas: Node };
  return inventoryOf(served).filter((part) => {
    if (known.has(part)) return false;
    const limit = limitWithoutNumber(part);
    if (limit !== null && limited.has(limit)) return false; // the contract has another, which is no addition
    const [, component, field] = (limit && / of (\w+)\.(\w+)/.exec(limit)) || [];
    if (component && !known.has(`field ${field} of ${component}`)) return false;
    const place = / of (.*)/.exec(part)?.[1];
    if (place === undefined) return true;
    return part.startsWith('field ') || limit !== null
      ? Object.hasOwn(schemas, /^\w+/.exec(place)?.[0] as string)
      : known.has(`operation ${place}`);
  });
}

/** Says what must be added to the list, and what must go from it, a line each. */
export function listFaults(contract: Node, served: Node, additions = ADDITIONS): string[] {
  const beyond = partsBeyond(contract, served);
  const open = openParts(served, additions);
  const listed = listedParts(additions).filter((part) => !open.includes(part));
  const known = new Set(inventoryOf(contract));
  return [
    ...entriesFor(beyond.filter((part) => !listed.includes(part))).map(
      ([parts, entry]) => `${parts} is served and not in the contract: add ${entry} to ${LIST}`,
    ),
    ...listed
      .filter((part) => !beyond.includes(part))
      .map(
        (part) => `${part} ${known.has(part) ? 'is in the contract' : 'is not served'}: take it off ${LIST}`,
      ),
  ];
}

/** Lists the added fields of objects whose fields the document leaves open, so that only answers show them. */
export function openParts(document: Node, additions = ADDITIONS): string[] {
  const { schemas } = document.components as { schemas: Tree };
  return listedParts(additions).filter((part) => {
    const place = /^field .* of (.*)/.exec(part)?.[1];
    const object = place && at(schemas, place);
    return object?.additionalProperties === true && Object.keys(object.properties ?? {}).length === 0;
  });
}

/** Returns the served document without these parts. */
export function withoutParts(document: Node, parts: readonly string[]): Node {
  const rest = structuredClone(document) as { paths: Tree; components: { schemas: Tree } };
  for (const part of parts) {
    for (const { part: limit, keyword, schema } of limitsOf(rest.components.schemas))
      if (limit === part) delete schema[keyword];
    const [, kind, name = '', place = ''] = /^(\w+) (.*?)(?: of (.*))?$/.exec(part) ?? [];
    if (kind === 'field') {
      const object = at(rest.components.schemas, place);
      delete object?.properties?.[name];
      if (object?.required) object.required = object.required.filter((one: string) => one !== name);
      continue;
    }
    const [method = '', path = ''] = (place || name).split(' ');
    const item = rest.paths[path];
    if (kind === 'operation') delete item?.[method.toLowerCase()];
    const operation = item?.[method.toLowerCase()];
    if (kind === 'answer') delete operation?.responses[name];
    if (kind === 'parameter')
      operation.parameters = operation.parameters.filter(
        (given: Node) => parameterName(resolve(document, given)) !== name,
      );
  }
  return rest;
}

// biome-ignore lint/suspicious/noExplicitAny: a document is taken apart at any depth
type Tree = any;

/** Finds an object of a component: `VisaDashboard`, or `VisaDashboard.status_breakdown`; an array stands for its items. */
function at(schemas: Tree, place: string): Tree {
  const [component = '', ...path] = place.split('.');
  return path.reduce((schema, name) => itemsOf(schema?.properties?.[name]), schemas[component]);
}

const itemsOf = (schema: Tree) => (schema?.type === 'array' ? schema.items : schema);

function fieldsOf(place: string, schema: Tree): string[] {
  return Object.entries<Tree>(itemsOf(schema)?.properties ?? {}).flatMap(([name, field]) => [
    `field ${name} of ${place}`,
    ...fieldsOf(`${place}.${name}`, field),
  ]);
}

function operationsOf(document: Node): [string, Node][] {
  return Object.entries(document.paths as Record<string, Record<string, Node>>).flatMap(([path, item]) =>
    METHODS.flatMap((method): [string, Node][] =>
      item[method] ? [[`${method.toUpperCase()} ${path}`, item[method]]] : [],
    ),
  );
}

/** Returns the entries of the list that would name these parts, one for each name, with the parts that it names. */
export function entriesFor(parts: readonly string[]): [parts: string, entry: string][] {
  const places = new Map<string, string[]>();
  for (const part of parts) {
    const [, what = '', place] = /^(\w+ .*?)(?: of (.*))?$/.exec(part) ?? [];
    places.set(what, [...(places.get(what) ?? []), ...(place === undefined ? [] : [place])]);
  }
  return [...places].map(([what, of]) => {
    const [kind, ...name] = what.split(' ');
    const value = kind === 'answer' ? name : `'${name.join(' ')}'`;
    const where = of.length === 0 ? '' : `, of: ['${of.join("', '")}']`;
    const entry = kind?.startsWith('max') ? `${kind}: ${name}` : `${kind}s: [${value}]`;
    return [of.length === 0 ? what : `${what} of ${of.join(', ')}`, `{ ${entry}${where} }`];
  });
}
