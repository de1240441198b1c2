import { type TSchema, Type } from '@sinclair/typebox';
import { mediaTypes } from '../../http/body-parsers.js';
import { component } from '../../http/component.js';
import type { RouteDefinition } from '../route.js';

const ErrorDetail = component(
  'ErrorDetail',
  Type.Object({
    detail: Type.String(),
    code: Type.Optional(Type.String()),
    messages: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }))),
  }),
);
/** The body of answers that are `{"error": …}`. */
export const ErrorText = component('ErrorText', Type.Object({ error: Type.String() }));
/** For `otherAnswers`: a 400 that concerns no field but the whole. */
export const REFUSED = { 400: { description: 'refused, and why', schema: ErrorDetail } };
const ErrorFields = component(
  'ErrorFields',
  Type.Object(
    {},
    {
      description: 'field (or non_field_errors) → list of messages; {detail} for what belongs to no field',
      additionalProperties: true,
    },
  ),
);

const ERRORS: Readonly<Record<number, { readonly description: string; readonly schema: TSchema }>> = {
  400: { description: 'refused: what is wrong, by field', schema: ErrorFields },
  401: { description: 'not signed in, or the token is no good here', schema: ErrorDetail },
  403: { description: 'not allowed', schema: ErrorDetail },
  404: { description: 'not found', schema: ErrorDetail },
  429: { description: 'too many failed attempts; Retry-After says when to come back', schema: ErrorDetail },
};

/** Returns what the documentation says about a route. Created on demand: all of them take 3 MB. */
export function routeSchema(definition: RouteDefinition) {
  const { tag, summary, policy, query, headers, body, upload, path } = definition;
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
  return {
    tags: [tag],
    summary,
    ...(policy.kind === 'public' && { security: [] }),
    ...(parameters.length > 0 && { params: Type.Object(parametersOf(parameters)) }),
    ...(query && { querystring: optional(query) }),
    ...(headers && { headers: optional(headers) }),
    ...(body && { body: body.schema, consumes: mediaTypes(upload === true) }),
    response: responses(definition),
  };
}

function optional(schemas: Readonly<Record<string, TSchema>>): TSchema {
  return Type.Object(mapValues(schemas, (schema) => Type.Optional(schema)));
}

function parametersOf(names: readonly string[]): Record<string, TSchema> {
  const isNumber = (name: string) => name === 'id' || name.endsWith('_id');
  return Object.fromEntries(names.map((name) => [name, isNumber(name) ? Type.Integer() : Type.String()]));
}

function responses(definition: RouteDefinition) {
  const { status = 200, response, produces, policy, errors = [], otherAnswers = {} } = definition;
  const described: Record<number, unknown> = {};
  if (response && produces) described[status] = { description: 'OK', content: inForms(response, produces) };
  else if (response) described[status] = answer(response, status === 201 ? 'created' : 'OK');
  else if (produces) described[status] = { description: 'OK', content: textIn(produces) };
  else described[status] = { type: 'null', description: status === 204 ? 'no body' : 'OK' };
  const signedIn = policy.kind === 'public' ? [] : [401];
  const permitted = policy.kind === 'public' || policy.kind === 'signedIn' ? [] : [403];
  for (const code of new Set([...signedIn, ...permitted, ...errors])) {
    const error = ERRORS[code];
    if (!error) throw new Error(`no description of status ${code}`);
    described[code] = answer(error.schema, error.description);
  }
  for (const [code, { schema, description }] of Object.entries(otherAnswers)) {
    described[Number(code)] = answer(schema, description);
  }
  return described;
}

/** Returns a documented answer; the schema's own description is kept beside the answer's. */
function answer(schema: TSchema, description: string) {
  return { ...schema, 'x-response-description': description };
}

/** Returns JSON by this schema, or text, for each media type. */
function inForms(schema: TSchema, mediaTypes: readonly string[]) {
  return { 'application/json': { schema }, ...textIn(mediaTypes) };
}

function textIn(mediaTypes: readonly string[]) {
  return Object.fromEntries(mediaTypes.map((type) => [type, { schema: { type: 'string' } }]));
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
