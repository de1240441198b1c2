import type { RouteDefinition } from '../../src/routing/route.js';
import type { TestApp } from './app.js';
import { sampleOf } from './samples/index.js';
import type { ResourceSample } from './samples/sample.js';

export function routeName({ method, path }: RouteDefinition): string {
  return `${method} ${path}`;
}

/** Returns the path after /api/v1/ without ids: `tasks/complete`. */
export function resourceOf({ path }: RouteDefinition): string {
  return path
    .split('/')
    .slice(3)
    .filter((part) => part !== '' && !part.startsWith(':'))
    .join('/');
}

/** Returns whether it answers with a list: a page, or an array. */
export function isList({ method, response }: RouteDefinition): boolean {
  return method === 'GET' && (response?.type === 'array' || response?.properties?.results !== undefined);
}

/** Returns whether the path names a record by its id. */
export function isRecordRoute({ path }: RouteDefinition): boolean {
  return path.includes(':');
}

/** Returns the path with this in place of its parameter. */
export function pathOf({ path }: RouteDefinition, parameter: string | number): string {
  return path.replace(/:\w+|\*/, String(parameter));
}

/** Returns the names of the routes with an id for which no sample says how to create a record. */
export function withoutSample(routes: readonly RouteDefinition[]): string[] {
  return routes.filter((route) => isRecordRoute(route) && !recordSampleOf(route)).map(routeName);
}

function recordSampleOf({ path }: RouteDefinition): ResourceSample | undefined {
  return sampleOf(path.slice(0, path.indexOf(':')));
}

/** Creates a record of a tenant for a route with an id; archived where the route restores archived ones. */
export async function createRecord(app: TestApp, schema: string, route: RouteDefinition): Promise<number> {
  const sample = recordSampleOf(route);
  if (!sample) throw new Error(`test/helpers/samples/ has no sample for ${route.path}`);
  const archived = route.path.endsWith('/restore/');
  return await app.database.tenantTransaction({ schema, userId: null }, (transaction) =>
    sample.create(transaction, { archived }),
  );
}

/** The smallest possible picture. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);

/** Returns a valid body for the route, with its headers; none for a route without body. */
export function validBody(route: RouteDefinition): { body?: unknown; headers?: Record<string, string> } {
  if (route.upload) {
    const head = `--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n`;
    return {
      body: Buffer.concat([Buffer.from(head), PICTURE, Buffer.from('\r\n--x--\r\n')]),
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    };
  }
  return route.body ? { body: { ...sampleOf(route.path)?.body } } : {};
}
