import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { addedClaims } from './additions.js';
import { AdditionsInAnswers } from './additions-in-answers.js';
import { openParts } from './inventory.js';
import type { Node } from './openapi-facts.js';
import { EXAMPLES, loadContract, type Result, replay, withDispatcher } from './replaying.js';

let app: TestApp;
let results: Map<string, Result>;
let document: Node;
let additions: AdditionsInAnswers;

beforeAll(async () => {
  app = await startTestApp({ from: 'empty', prepare: loadContract });
  await withDispatcher(app.databases, async () => {
    results = await replay(app.base, app.config.secretKey);
  });
  document = (await app.ask('GET', '/api/schema/?format=json')).body;
  additions = new AdditionsInAnswers(document);
}, 120_000);
afterAll(() => app?.close());

describe('the recorded examples', () => {
  test.each(EXAMPLES)('$name', ({ name, request: { method, path }, response: { status } }) => {
    const { outcome, reason, differences = [] } = results.get(name) ?? {};
    expect(additions.unexplained(method, path, status, differences).join('\n')).toBe('');
    expect([outcome, reason]).toEqual([differences.length > 0 ? 'failed' : 'passed', undefined]);
  });

  test('were all sent', () => {
    expect(results.size).toBe(EXAMPLES.length);
  });

  test('show each addition to what the documentation leaves open', () => {
    expect(openParts(document).filter((part) => !additions.seen.has(part))).toEqual([]);
    expect([...additions.claims].toSorted()).toEqual(addedClaims().toSorted());
  });
});
