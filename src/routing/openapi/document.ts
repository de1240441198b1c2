import { isDeepStrictEqual } from 'node:util';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { COMPONENT } from '../../http/component.js';
import type { RouteDefinition } from '../route.js';
import { bodyExample } from './examples.js';
import { INTRODUCTION, PLATFORM_INTRODUCTION } from './introduction.js';
import { parameterDescription } from './parameters.js';
import { routeSchema } from './route-schema.js';
import { tagsOf } from './tags.js';

type Node = { [key: string]: unknown };

/** The APIs, each with a document of its own: that of agencies, and that of operators. */
export type Audience = 'tenants' | 'platform';

const ABOUT: Readonly<Record<Audience, { readonly title: string; readonly description: string }>> = {
  tenants: { title: 'Leopard API', description: INTRODUCTION },
  platform: { title: 'Leopard operators’ API', description: PLATFORM_INTRODUCTION },
};
/** The function of the server that makes a document. */
const MAKERS = { tenants: 'swagger', platform: 'platformSwagger' } as const;

/** Collects the routes that are registered after this call. */
export async function collectRoutes(app: FastifyInstance): Promise<void> {
  for (const audience of ['tenants', 'platform'] as const) {
    await app.register(swagger, {
      decorator: MAKERS[audience] as 'swagger',
      openapi: {
        openapi: '3.0.3',
        info: { ...ABOUT[audience], version: '1.0.0' },
        components: {
          securitySchemes: { BearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
        },
        security: [{ BearerAuth: [] }],
      },
      transform: ({ route, schema, url }) => {
        const definition = route.config?.definition;
        const isOf = audienceOf(definition);
        if (isOf !== audience) return { schema: { hide: true }, url };
        return { schema: definition ? (routeSchema(definition) as FastifySchema) : schema, url };
      },
    });
  }
}

function audienceOf(definition: RouteDefinition | undefined): Audience {
  return definition?.hosts === 'platform' ? 'platform' : 'tenants';
}

/** Returns the OpenAPI document of the collected routes, with every named schema under `components`. */
export function openapiDocument(app: FastifyInstance, audience: Audience = 'tenants'): Node {
  const make = (app as unknown as Record<string, () => object>)[MAKERS[audience]];
  const document = structuredClone(make?.()) as unknown as Node & { components: Node };
  const schemas: Node = {};
  const paths = document.paths as Node;
  for (const [path, operations] of Object.entries(paths)) {
    if (path.includes('*')) delete paths[path];
    else paths[path] = hoist(mapOperations(operations as Operations), schemas);
  }
  document.tags = tagsOf(new Set(usedTags(paths)));
  document.components = { ...document.components, schemas: sorted(schemas) };
  return document;
}

function usedTags(paths: Node): string[] {
  return Object.values(paths as Record<string, Operations>).flatMap((operations) =>
    Object.values(operations).flatMap(({ tags = [] }) => tags),
  );
}

interface Operation {
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema: Node;
  }[];
  readonly requestBody?: { readonly content: Record<string, { schema: Node }> };
}
type Operations = Record<string, Operation>;

/** Maps operations except HEAD, which exists wherever GET does and need not be documented. */
function mapOperations({ head: _head, ...operations }: Operations): Operations {
  for (const { parameters = [], requestBody } of Object.values(operations)) {
    if (requestBody) {
      Object.assign(requestBody, { required: needsBody(requestBody.content) });
      const json = requestBody.content['application/json'];
      const example = json && bodyExample(json.schema);
      if (example) Object.assign(json, { example });
    }
    for (const parameter of parameters) {
      // A list of values is a repeated parameter.
      const isList = parameter.in === 'query' && parameter.schema.type === 'array';
      if (isList) Object.assign(parameter, { style: 'form', explode: true });
      if (parameter.in === 'path' || parameter.description) continue;
      const description = parameterDescription(parameter.name, parameter.schema);
      if (description) Object.assign(parameter, { description });
    }
  }
  return operations;
}

/**
 * Returns whether a body is mandatory: where no field is required, a request without body changes nothing, which is
 * allowed.
 */
function needsBody(content: Record<string, { schema: Node }>): boolean {
  return Object.values(content).some(({ schema }) => Array.isArray(schema.required));
}

/** Annotations that may stand beside a reference to a named schema. */
const ANNOTATIONS = ['nullable', 'readOnly', 'writeOnly', 'default'];

/** Replaces each named schema by a reference and puts it into `schemas`. @throws Error when two share a name */
function hoist(node: unknown, schemas: Node): unknown {
  if (Array.isArray(node)) return node.map((item) => hoist(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const { [COMPONENT]: name, ...rest } = node as Node;
  const inner: Node = {};
  for (const [key, value] of Object.entries(rest)) inner[key] = hoist(value, schemas);
  if (typeof name !== 'string') return inner;
  const entries = Object.entries(inner);
  const isAnnotation = ([key]: [string, unknown]) => ANNOTATIONS.includes(key);
  const schema = Object.fromEntries(entries.filter((entry) => !isAnnotation(entry)));
  schemas[name] ??= schema;
  if (!isDeepStrictEqual(schemas[name], schema)) throw new Error(`two schemas are called ${name}`);
  const reference = { $ref: `#/components/schemas/${name}` };
  const annotations = entries.filter(isAnnotation); // they would be ignored beside a $ref
  return annotations.length > 0 ? { allOf: [reference], ...Object.fromEntries(annotations) } : reference;
}

function sorted(node: Node): Node {
  return Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)));
}
