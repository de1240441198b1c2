import { createFinalURL, createQuerySerializer, defaultPathSerializer } from 'openapi-fetch';
import type { ApiError } from './result.js';
import type { AnyOptions, Progress } from './types.js';

/** A request that can be sent any number of times. */
export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly accept: string;
  readonly body?: { readonly content: string | Blob; readonly type: string } | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const JSON_TYPE = 'application/json';
const querySerializer = createQuerySerializer();

/** Returns the request of an operation, or the error that it cannot be written. */
export async function outgoing(
  baseUrl: string,
  method: string,
  path: string,
  options: AnyOptions,
  accept = JSON_TYPE,
): Promise<Outgoing | ApiError> {
  const parameters = (options.path ?? {}) as Record<string, unknown>;
  for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) {
    // A segment of dots would lead to another operation.
    if (/^\.{0,2}$/.test(String(parameters[name] ?? '')))
      return unsendable(`The path ${path} needs a value for ${name}.`);
  }
  const query = (options.query ?? {}) as Record<string, unknown>;
  try {
    const params = { path: parameters, query };
    const url = createFinalURL(path, {
      baseUrl,
      params,
      querySerializer,
      pathSerializer: defaultPathSerializer,
    });
    const { body, onProgress } = options;
    return { method, url, accept, onProgress, body: body === undefined ? undefined : await written(body) };
  } catch (error) {
    return unsendable(`The request cannot be written: ${error instanceof Error ? error.message : error}`);
  }
}

export function unsendable(message: string): ApiError {
  return { kind: 'unsendable', message };
}

/** Returns a body in its wire format: a form where it holds a file, JSON otherwise. */
async function written(body: unknown): Promise<NonNullable<Outgoing['body']>> {
  const holdsFile = typeof body === 'object' && body !== null && Object.values(body).some(isFile);
  if (!holdsFile) return { content: JSON.stringify(body), type: JSON_TYPE };
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === null) continue;
    if (isFile(value)) form.append(name, value, 'name' in value ? String(value.name) : name);
    else form.append(name, String(value));
  }
  // As bytes, which can be counted and sent again.
  const encoded = new Response(form);
  return { type: encoded.headers.get('content-type') ?? '', content: await encoded.blob() };
}

const isFile = (value: unknown): value is Blob => value instanceof Blob;
