import type { TSchema } from '@sinclair/typebox';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { isRecordRoute, pathOf } from '../helpers/routes.js';
import { Harness, isUnread, parameters } from './harness.js';
import { anyText } from './json.js';

const harness = await Harness.start();
afterAll(() => harness.close());
/** Returns a test all of whose requests must be refused. */
const refused = (work: () => Promise<void>) => () => harness.refused(work);

// A page answers 404 to a wrong signature, and never names a parameter.
const listed = harness.operations(({ query, page }) => query && !page);
const records = harness.operations(isRecordRoute);
const all = harness.operations(() => true);

/** Pieces of a query in URL encoding; not all of them decode. */
// biome-ignore format: a list
const VALUES = [
  '', '%00', 'a%00b', '%', '%2', '%zz', '%ff', '%ed%a0%80', '%f0%9f', '%u0000', '+', '%20', '-1', '0',
  '1.5', '1e5', '1e400', '9223372036854775808', '-9223372036854775809', '9'.repeat(1_000), 'NaN',
  'Infinity', '0x1', 'true', 'null', 'undefined', '2024-02-30', '0000-00-00', '99999-01-01', 'last',
  'LAST', '%27%3B--', '%25', '_', '%5C', '%5C%25', '%C3%89', '%D9%A3', '__proto__', 'constructor',
  '%5B%5D', '%7B%7D', 'a'.repeat(8_000), '%F0%9F%98%80'.repeat(200), '%E2%80%AE', '%0D%0AX-A:%201',
];
// biome-ignore format: a list
const SHAPES = [
  (name: string, value: string) => `${name}=${value}`,
  (name: string, value: string) => `${name}[]=${value}`,
  (name: string, value: string) => `${name}%5B%5D=${value}`,
  (name: string, value: string) => `${name}[0][a]=${value}`,
  (name: string, value: string) => `${name}.a=${value}`,
  (name: string, value: string) => `${name}=1&${name}=${value}&${name}=`,
  (name: string, value: string) => `${name}=${value}=${value}`, (name: string) => name,
  (name: string, value: string) => `&;=${name}=${value}&&`,
];

/** Returns values that the documentation of a parameter rules out. */
function faultsOf({ type, format }: TSchema): string[] {
  if (type === 'integer') return ['x', '1.5', '1e5', '%D9%A3x', 'NaN', 'true', '1%002', '--1', '1,2', '0x10'];
  if (format === 'date')
    return ['x', '2024-02-30', '2024-13-01', '0000-01-01', '10000-01-01', '1', 'true', '%00'];
  return ['%00', 'a%00b'];
}
/**
 * Returns whether a parameter accepts anything: a bad size means the default, a bad page is not found; an invalid
 * boolean is false, an invalid token is none, and so is an invalid id of the last event.
 */
const NEVER_REFUSED = (name: string, { type }: TSchema) =>
  /^(page|page_size|token|Last-Event-ID)$/.test(name) || type === 'boolean';

describe.each(listed)('%s', (_name, definition) => {
  const given = Object.entries(definition.query ?? {});

  test('any query does no harm', async () => {
    const name = fc.constantFrom(
      ...given.map(([key]) => key),
      'format',
      '__proto__',
      'constructor',
      '_t',
      '',
    );
    const value = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
      {
        weight: 1,
        arbitrary: anyText.map((text) => encodeURIComponent(text.toWellFormed())),
      },
    );
    const piece = fc
      .tuple(fc.constantFrom(...SHAPES), name, value)
      .map(([shape, key, text]) => shape(key, text));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 5 }), async (pieces) => {
        await harness.send(definition, { search: `?${pieces.join('&')}` });
      }),
      parameters(listed.length),
    );
    await harness.expectHealthy();
  });

  test('what is wrong with one parameter is told under its name', async () => {
    for (const [name, schema] of given) {
      if (NEVER_REFUSED(name, schema)) continue;
      for (const fault of faultsOf(schema)) {
        const answer = await harness.send(definition, { search: `?${name}=${fault}` });
        if (answer.status === 200 && schema.enum) continue; // a choice that is none gives an empty list
        expect([name, fault, answer.status]).toEqual([name, fault, 400]);
        expect(Object.keys(answer.body)).toEqual([name]);
      }
    }
  });

  test('a thousand parameters, and one a thousand times, do no harm', async () => {
    const [[first] = ['x']] = given;
    for (const search of [
      `?${Array.from({ length: 1_000 }, (_, index) => `p${index}=1`).join('&')}`,
      `?${`${first}=1&`.repeat(1_000)}`,
      `?${`${first}[]=1&`.repeat(1_000)}`,
    ]) {
      await harness.send(definition, { search });
    }
    await harness.expectHealthy();
  });
});

// biome-ignore format: a list
const IDS = [
  '0', '-1', '-0', '1.0', '1e3', '0x1', '+1', '%201', '1%20', 'x', '%00', '1%00', '1%0A', '٣', '１',
  '%D9%A3', 'null', 'true', '2147483648', '9007199254740992', '9007199254740993', '9223372036854775807',
  '9223372036854775808', '18446744073709551616', '9'.repeat(1_000), '1'.repeat(1_900), '9'.repeat(2_100),
  '9'.repeat(12_000), '__proto__', 'constructor', '1,2', '1;2', '*', '1%252', '..', '%2e%2e', '%2F',
  '1%2F2', '%5C', '%', '%2', '%zz', '%ff', '%ed%a0%80', '%F0%9F%98%80', "1'--", '%3Cscript%3E',
];

describe.each(records)('%s', (_name, definition) => {
  test(
    'what is no id is answered like one that nobody has',
    refused(async () => {
      const nobody = await harness.send(definition, { path: pathOf(definition, 999_999_999) });
      expect(nobody.status).toBe(404);
      for (const id of IDS) {
        // The client library would not send letters beyond ASCII in a URL.
        const path = pathOf(definition, Buffer.from(id, 'utf8').toString('latin1'));
        const answer = await harness.send(definition, { path });
        if (!isUnread(answer)) expect([id.slice(0, 40), answer.status]).toEqual([id.slice(0, 40), 404]);
      }
      await harness.expectHealthy();
    }),
  );
});

test('any path does no harm', async () => {
  // biome-ignore format: a list
  const parts = [
    'api', 'v1', 'clients', '1', '..', '.', '', '%2e%2e', '%', '%00', '%ff', '*', ':id', 'media', 'docs',
    'assets', '__proto__', 'constructor', 'toString', '\\', '%5c', 'é', 'a'.repeat(3_000),
    'profile-pictures', '~', '@', '{id}', '%25',
  ];
  const path = fc
    .tuple(fc.array(fc.constantFrom(...parts), { maxLength: 7 }), fc.boolean())
    .map(([names, slash]) =>
      Buffer.from(`/${names.join('/')}${slash ? '/' : ''}`, 'utf8').toString('latin1'),
    );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...all), path, async ([, definition], wild) => {
      await harness.send(definition, { path: wild });
    }),
    { ...parameters(1), numRuns: 600 },
  );
  for (const [, definition] of harness.operations(({ path: own }) => own.endsWith('*'))) {
    for (const part of [
      ...parts,
      ...IDS,
      '../'.repeat(20),
      '..%2f'.repeat(20),
      'profile-pictures/..%2f..%2fsecret-key',
    ]) {
      const answer = await harness.send(definition, {
        path: pathOf(definition, Buffer.from(part, 'utf8').toString('latin1')),
      });
      // The console's page stands at every path below it, and chooses by the path in the browser.
      if (definition.path === '/admin/*' && answer.status === 200)
        expect(answer.body).toContain('<title>Leopard</title>');
      else expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  }
  await harness.expectHealthy();
});
