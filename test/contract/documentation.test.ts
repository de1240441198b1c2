import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';

type Node = Record<string, unknown>;
interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema: Node;
  }[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: Node; readonly example?: Node }>;
  };
}

let app: TestApp;
let document: Node;
let operations: [string, Operation][];
beforeAll(async () => {
  app = await startTestApp();
  document = (await app.ask('GET', '/api/schema/?format=json')).body;
  operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, item]) =>
      Object.entries(item).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
  );
});
afterAll(() => app?.close());

describe('the document', () => {
  test('begins with how to use the API', () => {
    const { description } = document.info as { description: string };
    for (const what of ['Authorize', '/api/token/', 'page_size', 'X-Request-Id', 'Retry-After'])
      expect(description).toContain(what);
  });

  test('says of each tag what it is about, and of each operation what it does', () => {
    const tags = document.tags as { name: string; description?: string }[];
    const used = new Set(operations.flatMap(([, operation]) => operation.tags));
    expect(tags.map(({ name }) => name).sort()).toEqual([...used].sort());
    expect(tags.filter(({ description }) => !description)).toEqual([]);
    expect(operations.filter(([, { summary }]) => !summary)).toEqual([]);
  });

  test('says of each filter what it does', () => {
    const silent = operations.flatMap(([name, { parameters = [] }]) =>
      parameters
        .filter(
          (parameter) => parameter.in !== 'path' && !parameter.description && !parameter.schema.description,
        )
        .map((parameter) => `${name} ${parameter.name}`),
    );
    expect(silent).toEqual([]);
  });

  test('shows for each body in JSON an example that it takes', () => {
    const faults: string[] = [];
    for (const { method, path, body, upload } of app.app.routes) {
      if (!body || upload) continue;
      const name = `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;
      const operation = operations.find(([own]) => own === name)?.[1];
      const example = operation?.requestBody?.content['application/json']?.example;
      if (!example) faults.push(`${name}: no example`);
      else {
        try {
          body.parse(example, false);
        } catch (error) {
          faults.push(`${name}: ${JSON.stringify(example)}: ${(error as Error).message}`);
        }
      }
    }
    expect(faults.join('\n')).toBe('');
  });
});
