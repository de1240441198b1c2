import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { addedFields } from './additions.js';
import { listFaults, partsBeyond, withoutParts } from './inventory.js';
import { compareDocuments } from './openapi-differences.js';
import { type Node, operationsOf } from './openapi-facts.js';

const SCHEMA = '/api/schema/';
const JSON_TYPE = 'application/vnd.oai.openapi+json';
const YAML_TYPE = 'application/vnd.oai.openapi';

const contract: Node = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8'));
let app: TestApp;
let served: Node;

beforeAll(async () => {
  app = await startTestApp();
  served = (await app.ask('GET', `${SCHEMA}?format=json`)).body;
});
afterAll(() => app?.close());

/** Returns all differences from the contract that the list of additions does not explain. */
function faultsOf(document: Node): string[] {
  const rest = withoutParts(document, partsBeyond(contract, document));
  return [...listFaults(contract, document), ...compareDocuments(contract, rest)];
}

describe('the document', () => {
  test('says what the contract says, and beyond it exactly what is listed', () => {
    expect(faultsOf(served).join('\n')).toBe('');
  });

  test('asks for no field in a body that the contract does not have', () => {
    const { schemas } = served.components as { schemas: Record<string, { required?: string[] }> };
    const bodies = new Set(
      [...operationsOf(contract).values()].flatMap(
        (facts) => facts.get('body application/json component') ?? [],
      ),
    );
    for (const body of bodies)
      expect([
        body,
        addedFields(body as string).filter((field) => schemas[body as string]?.required?.includes(field)),
      ]).toEqual([body, []]);
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
      "field remind_days of PassportRequest is served and not in the contract: add { fields: ['remind_days'], of: ['PassportRequest'] } to ADDITIONS in test/contract/additions.ts",
    ],
    [
      'a field that nobody knows within a field',
      (document) =>
        (schemaOf(document, 'VisaDashboard').status_breakdown.properties.MORE = { type: 'integer' }),
      "field MORE of VisaDashboard.status_breakdown is served and not in the contract: add { fields: ['MORE'], of: ['VisaDashboard.status_breakdown'] } to ADDITIONS in test/contract/additions.ts",
    ],
    [
      'an operation that nobody knows',
      ({ paths }) => (paths['/more/'] = { get: paths[clients].get }),
      "operation GET /more/ is served and not in the contract: add { operations: ['GET /more/'] } to ADDITIONS in test/contract/additions.ts",
    ],
    [
      'a parameter that nobody knows',
      ({ paths }) => paths[clients].get.parameters.push({ name: 'more', in: 'query', schema: {} }),
      "parameter more of GET /api/v1/clients/ is served and not in the contract: add { parameters: ['more'], of: ['GET /api/v1/clients/'] } to ADDITIONS in test/contract/additions.ts",
    ],
    [
      'an answer that nobody knows',
      ({ paths }) => (paths[clients].get.responses[418] = { description: '' }),
      "answer 418 of GET /api/v1/clients/ is served and not in the contract: add { answers: [418], of: ['GET /api/v1/clients/'] } to ADDITIONS in test/contract/additions.ts",
    ],
    [
      'an operation that is gone',
      ({ paths }) => delete paths[clients].get,
      'GET /api/v1/clients/ is not served',
    ],
    [
      'an operation that is listed and gone',
      ({ paths }) => delete paths['/'],
      'operation GET / is not served: take it off ADDITIONS in test/contract/additions.ts',
    ],
    [
      'a field that is listed and gone',
      (document) => delete schemaOf(document, 'PassportRequest').remind_days_before,
      'field remind_days_before of PassportRequest is not served: take it off ADDITIONS in test/contract/additions.ts',
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
    expect(faultsOf(changed)).toContain(line);
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
