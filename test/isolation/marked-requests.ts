import type { TSchema } from '@sinclair/typebox';
import { Tokens } from '../../src/auth/tokens.js';
import type { RouteDefinition } from '../../src/routing/route.js';
import type { Ask, TestApp } from '../helpers/app.js';
import { createRecord, isRecordRoute, pathOf, validBody } from '../helpers/routes.js';

/** Values for every place of a request that can hold them, recognisable wherever they come out. */
export interface Markers {
  readonly word: string;
  readonly number: number;
  readonly date: string;
}

interface Request extends Ask {
  readonly path: string;
}

/** Returns a text that would break out of SQL text in several ways. */
const hostile = ({ word }: Markers) => `${word}'"\\;--$1`;

/** Returns a value that a field or parameter of this schema may have, with a marker where it can hold one. */
function marked(schema: TSchema, markers: Markers, fallback: unknown): unknown {
  const [inner] = (schema.oneOf as TSchema[] | undefined) ?? [schema];
  const { type, format, maxLength } = inner as TSchema;
  if (inner?.enum) return inner.enum[0];
  if (type === 'integer') return markers.number;
  if (type === 'boolean') return true;
  if (type === 'array') return [marked(inner?.items, markers, fallback)];
  if (type !== 'string') return fallback;
  if (format === 'email') return `${markers.word}@example.com`;
  if (format === 'date') return markers.date;
  return maxLength !== undefined && maxLength < hostile(markers).length ? fallback : hostile(markers);
}

/**
 * Returns requests to a route with a marker in the path, in every query parameter, field and header, alone and
 * together.
 */
async function requestsTo(app: TestApp, definition: RouteDefinition, markers: Markers): Promise<Request[]> {
  const id = isRecordRoute(definition) ? await createRecord(app, 'tenant_main', definition) : markers.word;
  const path = pathOf(definition, id);
  const valid = validBody(definition);
  const paths = [markers.number, encodeURIComponent(hostile(markers))].map((part) =>
    pathOf(definition, part),
  );
  const text = hostile(markers);

  const queries: Record<string, unknown>[] = [{ [text]: text }];
  const documented = Object.entries(definition.query ?? {});
  for (const [name, schema] of documented) {
    for (const value of [marked(schema, markers, text), text, markers.number])
      queries.push({ [name]: value });
  }
  queries.push(Object.fromEntries(documented.map(([name, schema]) => [name, marked(schema, markers, text)])));

  const sample = (valid.headers ? {} : valid.body) as Record<string, unknown> | undefined;
  const fields = Object.entries(definition.body?.shape ?? {}).map(
    ([name, { schema }]) => [name, marked(schema, markers, sample?.[name])] as const,
  );
  const bodies = [
    Object.fromEntries(fields),
    { ...sample, [text]: text },
    ...fields.map(([name, value]) => ({ ...sample, [name]: value })),
    ...fields.map(([name]) => ({ ...sample, [name]: text })),
  ];
  const search = (query: Record<string, unknown>) => new URLSearchParams(query as Record<string, string>);
  return [
    { path, ...valid },
    ...paths.map((other) => ({ path: other, ...valid })),
    ...queries.map((query) => ({ path: `${path}?${search(query)}`, ...valid })),
    ...(definition.body && !definition.upload ? bodies.map((body) => ({ path, body })) : []),
  ];
}

/** Sends all these requests to every route of the application, as `token`'s user and with markers for tokens. */
export async function sendMarkers(app: TestApp, token: string, markers: Markers): Promise<number> {
  const { word, number } = markers;
  const headers = {
    'user-agent': hostile(markers),
    'accept-language': hostile(markers),
    'x-request-id': hostile(markers),
    'x-forwarded-for': hostile(markers),
    'x-forwarded-host': `${word}.localhost`,
    origin: `http://${word}.localhost`,
    referer: `http://${word}.localhost/`,
    cookie: `${word}=${word}`,
  };
  let sent = 0;
  let present = token;
  const send = async (definition: RouteDefinition, { path, ...asked }: Request) => {
    const ask = () =>
      app.ask(definition.method, path, {
        token: present,
        ...asked,
        headers: { ...headers, ...asked.headers },
      });
    let answer = await ask();
    if (answer.status === 401 && !asked.token && !asked.host) {
      present = await app.logIn('admin'); // an earlier request has ended its user's sessions
      answer = await ask();
    }
    if (answer.status >= 500) throw new Error(`${definition.method} ${path}: ${answer.status}`);
    sent++;
  };
  // All records first: then what the bodies name exists for every request, the first time as any later time.
  const prepared: { definition: RouteDefinition; requests: Request[] }[] = [];
  for (const definition of app.app.routes) {
    prepared.push({ definition, requests: await requestsTo(app, definition, markers) });
  }
  for (const { definition, requests } of prepared) {
    for (const request of requests) await send(definition, request);
    await send(definition, { path: pathOf(definition, 1), host: word });
  }
  // Tokens signed by this server, for a user that does not exist.
  const tokens = new Tokens(app.config);
  const holder = { user_id: String(number), tid: 'main', email: word, username: word, groups: [word] };
  for (const type of ['access', 'refresh'] as const) {
    const signed = tokens.issue(type, holder).token;
    for (const definition of app.app.routes) {
      const { shape = {} } = definition.body ?? {};
      const body = Object.fromEntries(Object.keys(shape).map((name) => [name, signed]));
      await send(definition, {
        path: pathOf(definition, 1),
        token: signed,
        ...(definition.body && { body }),
      });
    }
  }
  return sent;
}
