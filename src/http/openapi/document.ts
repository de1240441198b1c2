import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { COMPONENT } from '../component.js';

type Node = { [key: string]: unknown };

/** Collects the routes that are registered after it. */
export async function collectRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Leopard API',
        version: '1.0.0',
        description: 'Clients, applications and daily work of immigration and study-abroad agencies.',
      },
      components: {
        securitySchemes: { BearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
      security: [{ BearerAuth: [] }],
    },
  });
}

/** The OpenAPI document of the collected routes, with every named schema under `components`. */
export function openapiDocument(app: FastifyInstance): Node {
  const document = structuredClone(app.swagger()) as unknown as Node & { components: Node };
  const schemas: Node = {};
  const paths = document.paths as Node;
  for (const [path, operations] of Object.entries(paths)) {
    if (path.includes('*')) delete paths[path];
    else paths[path] = withoutHeads(hoist(operations, schemas) as Node);
  }
  document.components = { ...document.components, schemas: sorted(schemas) };
  return document;
}

/** HEAD is there wherever GET is: the document need not say it for each. */
function withoutHeads({ head: _head, ...operations }: Node): Node {
  return operations;
}

/** Replaces each named schema by a reference and puts it into `schemas`. */
function hoist(node: unknown, schemas: Node): unknown {
  if (Array.isArray(node)) return node.map((item) => hoist(item, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const { [COMPONENT]: name, ...rest } = node as Node;
  const inner: Node = {};
  for (const [key, value] of Object.entries(rest)) inner[key] = hoist(value, schemas);
  if (typeof name !== 'string') return inner;
  const { nullable, description, ...schema } = inner;
  schemas[name] ??=
    description !== undefined && description !== 'OK' && description !== 'created'
      ? { description, ...schema }
      : schema;
  const reference = { $ref: `#/components/schemas/${name}` };
  return nullable ? { allOf: [reference], nullable } : reference;
}

function sorted(node: Node): Node {
  return Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)));
}
