/** An OpenAPI 3.0 document: any JSON object. */
export type Node = { readonly [key: string]: unknown };

/** Facts about one operation: a place such as `body application/json .email.maxLength` → the value there. */
export type Facts = ReadonlyMap<string, unknown>;

export const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/**
 * Returns every operation of a document as `METHOD /path` → its facts, normalised so that equal meaning gives equal
 * facts.
 */
export function operationsOf(document: Node): Map<string, Facts> {
  const operations = new Map<string, Facts>();
  for (const [path, item] of Object.entries(document.paths as Record<string, Node>)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation)
        operations.set(`${method.toUpperCase()} ${path}`, new Reader(document).read(operation as Node));
    }
  }
  return operations;
}

/** Collects the facts of one operation. Descriptions, examples and the names of inner schemas are no facts. */
class Reader {
  readonly #facts = new Map<string, unknown>();

  constructor(private readonly document: Node) {}

  read(operation: Node): Facts {
    const open = Array.isArray(operation.security) && operation.security.length === 0;
    this.#facts.set('log-in', open ? 'not needed' : 'needed');
    for (const given of (operation.parameters as Node[] | undefined) ?? []) {
      const parameter = this.#resolved(given);
      const place = `${parameter.in} parameter ${parameter.name}`;
      this.#facts.set(`${place} required`, parameter.required === true);
      if (parameter.explode !== undefined) this.#facts.set(`${place} explode`, parameter.explode);
      this.#schema(place, parameter.schema as Node);
    }
    if (operation.requestBody) {
      const body = this.#resolved(operation.requestBody as Node);
      this.#facts.set('body required', body.required === true);
      this.#content('body', body.content as Record<string, Node>);
    }
    for (const [status, given] of Object.entries(operation.responses as Record<string, Node>)) {
      this.#facts.set(`answer ${status}`, 'is there');
      this.#content(`answer ${status}`, this.#resolved(given).content as Record<string, Node> | undefined);
    }
    return this.#facts;
  }

  #content(place: string, content: Record<string, Node> = {}): void {
    for (const [type, { schema }] of Object.entries(content)) {
      // Generated clients name their types after these.
      this.#facts.set(`${place} ${type} component`, nameOf(schema as Node | undefined));
      this.#schema(`${place} ${type} `, schema as Node);
    }
  }

  #schema(place: string, given: Node): void {
    const { properties, required, items, oneOf, ...plain } = this.#merged(given);
    for (const [key, value] of Object.entries(plain)) this.#facts.set(`${place}.${key}`, value);
    if (oneOf) this.#facts.set(`${place}.oneOf`, this.#alternatives(oneOf as Node[]));
    if (items) this.#schema(`${place}[]`, items as Node);
    for (const [name, schema] of Object.entries((properties as Record<string, Node> | undefined) ?? {})) {
      this.#facts.set(
        `${place}.${name} required`,
        (required as string[] | undefined)?.includes(name) === true,
      );
      this.#schema(`${place}.${name}`, schema);
    }
  }

  #alternatives(schemas: Node[]): string[] {
    return schemas
      .map((schema) => {
        const inner = new Reader(this.document);
        inner.#schema('', schema);
        return JSON.stringify([...inner.#facts].sort(([a], [b]) => (a < b ? -1 : 1)));
      })
      .sort();
  }

  /** Returns a schema with references and allOf resolved, and without meaningless parts. */
  #merged(given: Node): Node {
    const { allOf, description: _description, example: _example, ...own } = this.#resolved(given);
    const parts = ((allOf as Node[] | undefined) ?? []).map((part) => this.#merged(part));
    const schema: Record<string, unknown> = Object.assign({}, ...parts, own);
    if (Array.isArray(schema.enum)) schema.enum = [...schema.enum].sort();
    if (schema.nullable === false) delete schema.nullable;
    const { additionalProperties: more } = schema;
    // An object may hold further keys unless it says otherwise.
    if (more === true || (typeof more === 'object' && Object.keys(more as object).length === 0))
      delete schema.additionalProperties;
    else if (more) schema.additionalProperties = this.#alternatives([more as Node]);
    return schema;
  }

  #resolved(node: Node): Node {
    return resolve(this.document, node);
  }
}

/** Resolves a reference of the document; returns any other node unchanged. */
export function resolve(document: Node, node: Node): Node {
  if (typeof node.$ref !== 'string') return node;
  const keys = node.$ref.replace('#/', '').split('/');
  const target = keys.reduce<unknown>((inner, key) => (inner as Node | undefined)?.[key], document);
  if (!target) throw new Error(`${node.$ref} leads nowhere`);
  return resolve(document, target as Node);
}

function nameOf(schema: Node | undefined): string | undefined {
  if (schema?.type === 'array') return `${nameOf(schema.items as Node)}[]`;
  return typeof schema?.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
}
