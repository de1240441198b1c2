import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { RouteDefinition } from '../../src/routing/route.js';
import { sampleOf } from '../helpers/samples/index.js';
import { Harness, namesField, parameters } from './harness.js';
import { anyJson, anyText, deep, faultsOf, objectWith } from './json.js';

const harness = await Harness.start();
afterAll(() => harness.close());
/** Returns a test all of whose requests must be refused. */
const refused = (work: () => Promise<void>) => () => harness.refused(work);

const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const operations = harness.operations(({ body, upload }) => body && !upload);
/** Longer texts have columns without a limit. */
const LONGEST_TRIED = 5_000;
const runs = parameters(operations.length);

const shapeOf = (definition: RouteDefinition) => definition.body?.shape ?? {};
const sample = ({ path }: RouteDefinition) => ({ ...sampleOf(path)?.body });
/** Returns the depth of the deepest bodies; strangers’ bodies are small. */
const depthOf = ({ policy }: RouteDefinition) => (policy.kind === 'public' ? 8_000 : 100_000);
const sendJson = (definition: RouteDefinition, text: string | Buffer) =>
  harness.send(definition, { body: text, headers: JSON_TYPE });

describe.each(operations)('%s', (_name, definition) => {
  const fields = Object.entries(shapeOf(definition));
  const keys = fields.map(([name]) => name);

  test('any JSON at all does no harm', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(objectWith(keys, sample(definition)), anyJson), async (text) => {
        await sendJson(definition, text);
      }),
      runs,
    );
    await harness.expectHealthy();
  });

  test(
    'what is wrong with one field is told under its name',
    refused(async () => {
      for (const [name, field] of fields) {
        const faults = faultsOf(field);
        if (faults.length === 0) continue;
        const chosen = fc.sample(
          fc.shuffledSubarray(faults, {
            minLength: Math.min(faults.length, 5),
            maxLength: Math.min(faults.length, 5),
          }),
          {
            ...runs,
            numRuns: 1,
          },
        );
        for (const fault of chosen[0] ?? []) {
          const { [name]: _left, ...others } = sample(definition) as Record<string, unknown>;
          if (fault === undefined && definition.method === 'PATCH') continue;
          const rest = JSON.stringify(others).slice(1, -1);
          const given = fault === undefined ? '' : `${JSON.stringify(name)}:${fault}`;
          const answer = await sendJson(definition, `{${[rest, given].filter(Boolean).join(',')}}`);
          expect([fault?.slice(0, 100), answer.status]).toEqual([fault?.slice(0, 100), 400]);
          expect(namesField(answer, name), `${name}: ${fault?.slice(0, 100)}: ${answer.raw}`).toBe(true);
        }
      }
    }),
  );

  test('a text of the documented length fits its column', async () => {
    for (const [name, { schema }] of fields) {
      const { type, maxLength, format, pattern } = schema;
      const isPlain = type === 'string' && !(format || pattern || schema.enum);
      if (!isPlain || !maxLength || maxLength > LONGEST_TRIED) continue;
      // The answer of the last resort, which `send` refuses, means that the column is shorter than the field.
      const body = JSON.stringify({ ...sample(definition), [name]: 'é'.repeat(maxLength) });
      await sendJson(definition, body);
    }
  });

  test(
    'a body that is no object is refused as a whole',
    refused(async () => {
      // biome-ignore format: a list
      for (const text of [
      '[]', '[{}]', '1', '-0', '1e400', '"x"', '""', 'true', 'false', 'null', deep(depthOf(definition)),
    ]) {
      const answer = await sendJson(definition, text);
      expect([text.slice(0, 20), answer.status]).toEqual([text.slice(0, 20), 400]);
      expect(Object.keys(answer.body)).toEqual(['non_field_errors']);
    }
    }),
  );

  test('depth of 100,000 levels does no harm anywhere', async () => {
    // One field of each kind, since each is read by its own code.
    const kinds = new Map(
      fields.map(([name, { schema }]) => [
        [schema.type, schema.format, !!schema.enum, !!schema.oneOf].join(),
        name,
      ]),
    );
    const inside = [...kinds.values()].map(
      (name) => `{${JSON.stringify(name)}:${deep(100_000, ['{"a":[', '', ']}'])}}`,
    );
    for (const text of [deep(100_000, ['{"a":', '1', '}']), ...inside]) await sendJson(definition, text);
    await harness.expectHealthy();
  });

  test(
    'what is no JSON is refused',
    refused(async () => {
      const valid = Buffer.from(JSON.stringify(sample(definition)));
      // biome-ignore format: a list
      const texts = [
      '{', '}', '{"a"', '{"a":}', '{a:1}', "{'a':1}", '{"a":1,}', '[1', 'nul', 'NaN', 'Infinity', '01',
      '1.', '"\n"', '"\\x"', '"\\ud8"', '\0', '{}{}', '//', '<a/>', 'a=b', deep(depthOf(definition), ['[', '', '']),
      ' ',
    ];
      const bytes = [
        Buffer.from([0xff, 0xfe]),
        Buffer.from('{"a":"\xff"}', 'latin1'),
        Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
        Buffer.from([0x22, 0xc0, 0x80, 0x22]),
        Buffer.from('{}', 'utf16le'),
        valid.subarray(0, -1),
        Buffer.from([0x1f, 0x8b, 8]),
      ];
      for (const text of [...texts, ...bytes]) {
        const answer = await sendJson(definition, text);
        expect([String(text).slice(0, 20), answer.status]).toEqual([String(text).slice(0, 20), 400]);
        expect(answer.body.detail).toMatch(/^JSON parse error - /);
      }
    }),
  );

  test(
    'another type of content is refused',
    refused(async () => {
      // biome-ignore format: a list
      for (const type of [
      'text/plain', 'application/xml', 'application/jsonx', 'json', '', ';', 'a'.repeat(5_000),
      'application/json-patch+json', 'text/json', 'multipart/mixed; boundary=x',
      'application/octet-stream', 'constructor', '*/*',
    ]) {
      const answer = await harness.send(definition, { body: '{"a":1}', headers: { 'content-type': type } });
      expect([type.slice(0, 30), answer.status]).toEqual([type.slice(0, 30), 415]);
      expect(answer.body.detail).toBe(`Unsupported media type "${type}" in request.`);
    }
    }),
  );

  test('types of content written in any way are understood or refused', async () => {
    for (const type of [
      'application/json; charset=utf-16',
      'application/json;;;',
      'APPLICATION/JSON',
      'application/json; charset="',
      'application/json, text/plain',
      'application/x-www-form-urlencoded; charset=x',
      ' application/json',
    ]) {
      const answer = await harness.send(definition, { body: '{"a":', headers: { 'content-type': type } });
      expect([400, 401, 415, 200]).toContain(answer.status);
    }
  });

  test('any form does no harm', async () => {
    const key = fc.oneof(fc.constantFrom(...keys, '__proto__', 'constructor', ''), fc.string());
    const piece = fc.oneof(
      fc.tuple(key, anyText).map((pair) => new URLSearchParams([pair]).toString()),
      fc.constantFrom(
        '%',
        '%zz',
        '%00',
        '%ff',
        '%ed%a0%80',
        '&',
        '=',
        '==',
        '+',
        ';',
        '[]=',
        '%u0041',
        '\0',
        'é',
      ),
      fc
        .tuple(key, fc.constantFrom('%00', '%ff%fe', '%ed%a0%80', '%', '%2', '+', ''))
        .map(([name, text]) => `${encodeURIComponent(name.toWellFormed())}=${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        await harness.send(definition, { body: pieces.join('&'), headers: FORM_TYPE });
      }),
      runs,
    );
    await harness.expectHealthy();
  });

  test(
    'a body that is too large is refused',
    refused(async () => {
      const text = JSON.stringify({ ...sample(definition), padding: 'x'.repeat(3_000_000) });
      for (const headers of [JSON_TYPE, FORM_TYPE]) {
        const answer = await harness.send(definition, { body: text, headers });
        expect(answer.status).toBe(413);
      }
      await harness.expectHealthy();
    }),
  );
});
