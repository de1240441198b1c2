import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { ANSWERS_BEYOND, FIELDS_BEYOND, OPERATIONS_BEYOND, PARAMETERS_BEYOND } from './beyond.js';
import { compareDocuments } from './openapi-differences.js';
import { type Node, operationsOf } from './openapi-facts.js';

const SCHEMA = '/api/schema/';
const JSON_TYPE = 'application/vnd.oai.openapi+json';
const YAML_TYPE = 'application/vnd.oai.openapi';

/** Parts of the documentation that the contract's document does not have. */
const ADDITIONS = ['POST /api/token/ 429', ...FIELDS_BEYOND, ...PARAMETERS_BEYOND, ...ANSWERS_BEYOND];

const contract: Node = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8'));
let app: TestApp;
let served: Node;

beforeAll(async () => {
  app = await startTestApp();
  served = (await app.ask('GET', `${SCHEMA}?format=json`)).body;
});
afterAll(() => app?.close());

describe('the document', () => {
  test('says of every operation what the contract says', () => {
    const { differences } = compareDocuments(contract, served, ADDITIONS);
    expect(differences.join('\n')).toBe('');
  });

  test('has every operation of the contract, and beyond it exactly those that are listed', () => {
    const { missing, unknown } = compareDocuments(contract, served, ADDITIONS);
    const report = [
      ...missing.map((name) => `${name} is not served`),
      ...unknown
        .filter((name) => !OPERATIONS_BEYOND.includes(name))
        .map((name) => `${name} is served and not in the contract`),
      ...OPERATIONS_BEYOND.filter((name) => !unknown.includes(name)).map(
        (name) => `${name} is listed as beyond the contract, but not served or in the contract`,
      ),
    ];
    expect(report.join('\n')).toBe('');
  });

  test('has the fields that are listed as beyond the contract, all optional', () => {
    const operations = operationsOf(served);
    for (const listed of FIELDS_BEYOND) {
      const [method, path, field] = listed.split(' ');
      const facts = operations.get(`${method} ${path}`);
      expect([listed, facts?.get(`body application/json .${field} required`)]).toEqual([listed, false]);
    }
  });

  test('has the query parameters and fields of answers that are listed as beyond the contract', () => {
    const operations = operationsOf(served);
    for (const listed of [...PARAMETERS_BEYOND, ...ANSWERS_BEYOND]) {
      const [method, path, addition = ''] = listed.split(' ');
      const places = [...(operations.get(`${method} ${path}`)?.keys() ?? [])];
      const wanted = addition.startsWith('?')
        ? `query parameter ${addition.slice(1)} required`
        : `answer 200 application/json .${addition.slice(1)} required`;
      expect([listed, places.includes(wanted)]).toEqual([listed, true]);
    }
  });

  test('is valid OpenAPI 3.0', async () => {
    const { valid, errors } = await new Validator().validate(
      structuredClone(served) as Record<string, unknown>,
    );
    expect([valid, errors ?? []]).toEqual([true, []]);
    expect(served.openapi).toMatch(/^3\.0\./);
  });

  test('is used whole: no reference leads nowhere, no component is left over', () => {
    const text = JSON.stringify(served);
    const { schemas } = served.components as { schemas: Node };
    const used = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual(Object.keys(schemas).sort());
    expect(text).not.toContain('"x-');
  });
});

describe('the comparison', () => {
  // biome-ignore lint/suspicious/noExplicitAny: any part of it is changed
  type Changeable = any;
  type Change = (document: Changeable) => void;
  const schemaOf = ({ components }: Changeable, name: string) => components.schemas[name].properties;
  const clients = '/api/v1/clients/';
  const cases: [string, Change, string][] = [
    [
      'a parameter',
      ({ paths }) => paths[clients].get.parameters.shift(),
      `GET ${clients}: query parameter active required: contract false, served nothing`,
    ],
    [
      'a length',
      (document) => (schemaOf(document, 'ClientCreateRequest').first_name.maxLength = 99),
      `POST ${clients}: body application/json .first_name.maxLength: contract 100, served 99`,
    ],
    [
      'null',
      (document) => delete schemaOf(document, 'ClientOutput').dob.nullable,
      `GET ${clients}{id}/: answer 200 application/json .dob.nullable: contract true, served nothing`,
    ],
    [
      'a choice',
      (document) => schemaOf(document, 'ClientUpdateRequest').gender.enum.pop(),
      `PUT ${clients}{id}/: body multipart/form-data .gender.enum: contract ["FEMALE","MALE","OTHER"], served ["FEMALE","MALE"]`,
    ],
    [
      'a status',
      ({ paths }) => delete paths[`${clients}{id}/`].delete.responses['404'],
      `DELETE ${clients}{id}/: answer 404: contract "is there", served nothing`,
    ],
    [
      'a media type',
      ({ paths }) => delete paths[clients].post.requestBody.content['multipart/form-data'],
      `POST ${clients}: body multipart/form-data .email required: contract false, served nothing`,
    ],
    [
      'a field that nobody knows',
      (document) => (schemaOf(document, 'PassportRequest').remind_days = { type: 'integer' }),
      'POST /api/v1/passports/: body application/json .remind_days.type: contract nothing, served "integer"',
    ],
    [
      'a required field',
      ({ components }) => components.schemas.TokenPair.required.pop(),
      'POST /api/token/: answer 200 application/json .access required: contract true, served false',
    ],
  ];
  test.each(cases)('sees %s', (_what, change, line) => {
    const changed = structuredClone(served);
    change(changed);
    expect(compareDocuments(contract, changed, ADDITIONS).differences).toContain(line);
  });
});

describe('its forms', () => {
  test('YAML and JSON say the same', async () => {
    const yaml = await app.ask('GET', SCHEMA);
    expect(parse(yaml.raw.toString())).toEqual(served);
  });

  test.each([
    ['', undefined, YAML_TYPE],
    ['', '*/*', YAML_TYPE],
    ['', 'text/html,application/xhtml+xml,*/*;q=0.8', YAML_TYPE],
    ['', 'application/json', JSON_TYPE],
    ['', 'application/json, text/plain, */*', JSON_TYPE],
    ['', JSON_TYPE, JSON_TYPE],
    ['', YAML_TYPE, YAML_TYPE],
    ['', 'application/yaml, application/json;q=0', YAML_TYPE],
    ['?format=json', YAML_TYPE, JSON_TYPE],
    ['?format=yaml', 'application/json', YAML_TYPE],
    ['?format=json', undefined, JSON_TYPE],
  ])('%s with Accept %s: %s', async (query, accept, type) => {
    const answer = await app.ask('GET', SCHEMA + query, accept === undefined ? {} : { headers: { accept } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']?.split(';')[0]).toBe(type);
    expect(answer.headers.vary).toBe('Accept, origin');
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
  });

  test('a format that there is not: 404, as DRF says it', async () => {
    const answer = await app.ask('GET', `${SCHEMA}?format=xml`);
    expect([answer.status, answer.body]).toEqual([404, { detail: 'Not found.' }]);
  });
});
