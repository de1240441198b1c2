import { Type } from '@sinclair/typebox';
import { expect, test } from 'vitest';
import { signedIn } from '../../src/routing/policy.js';
import { type RouteDefinition, route } from '../../src/routing/route.js';
import { checkAnswer } from '../helpers/valid-answers.js';

// Every answer of the application to a test passes through this check; here it is shown to find something.

const REGION = {
  id: 1,
  name: 'North',
  description: '',
  branch_count: 0,
  created_at: '2026-01-02T03:04:05.000600Z',
  updated_at: '2026-01-02T03:04:05Z',
};
const page = (region: object) => ({ count: 1, next: null, previous: null, results: [region] });
const LIST = '/api/v1/regions/';
const type = 'application/json';

const beyond: RouteDefinition = route({
  method: 'GET',
  path: '/api/v1/beyond/:id/',
  tag: 'beyond',
  summary: 'Not in the contract.',
  policy: signedIn,
  response: Type.Object({ name: Type.String() }),
  handler: async () => ({}),
});

const check =
  (method: string, path: string, body: unknown, status = 200) =>
  () =>
    checkAnswer([beyond], method, path, { status, type, body });

test('what is as documented passes', () => {
  for (const passing of [
    check('GET', LIST, page(REGION)),
    check('GET', `${LIST}7/`, REGION),
    check('POST', LIST, REGION, 201),
    check('DELETE', `${LIST}7/`, '', 204),
    check('GET', '/api/v1/beyond/7/', { name: 'x' }),
  ]) {
    expect(passing).not.toThrow();
  }
});

test('errors, and paths that nothing documents, are not looked at', () => {
  expect(check('GET', LIST, { detail: 'No.' }, 403)).not.toThrow();
  expect(check('GET', '/nowhere/', 'anything')).not.toThrow();
});

test.each([
  ['a type', { name: 7 }, '/results/0/name must be string'],
  ['a time without zone', { created_at: '2026-01-02T03:04:05' }, '/results/0/created_at must match format'],
  ['milliseconds', { created_at: '2026-01-02T03:04:05.123Z' }, '/results/0/created_at must match format'],
  ['null', { name: null }, '/results/0/name must be string'],
  ['something missing', { name: undefined }, "/results/0 must have required property 'name'"],
])('%s that is wrong is named', (_what, change, place) => {
  expect(check('GET', LIST, page({ ...REGION, ...change }))).toThrow(place);
});

test('so are another status and another type', () => {
  expect(check('POST', LIST, REGION, 200)).toThrow('POST /api/v1/regions/ answers 200');
  const text = { status: 200, type: 'text/html', body: '' };
  expect(() => checkAnswer([], 'GET', LIST, text)).toThrow('text/html in place of JSON');
  expect(check('GET', '/api/v1/beyond/7/', {})).toThrow('GET /api/v1/beyond/:id/ answers 200');
});

test('a path beyond the contract is not taken for the id of one in it', () => {
  const status = 200;
  const csv: RouteDefinition = { ...beyond, path: '/api/v1/regions/export/', produces: ['text/csv'] };
  const { response: _response, ...exported } = csv;
  const answer = { status, type: 'text/csv', body: 'a,b' };
  expect(() => checkAnswer([exported], 'GET', '/api/v1/regions/export/', answer)).not.toThrow();
  expect(() => checkAnswer([exported], 'GET', '/api/v1/regions/7/', answer)).toThrow('text/csv');
});
