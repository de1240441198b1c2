// biome-ignore-all lint/suspicious/noTemplateCurlyInString: one of the nasty texts
import type { TSchema } from '@sinclair/typebox';
import fc, { type Arbitrary } from 'fast-check';
import type { Field } from '../../src/http/fields/field.js';

// Values as JSON text rather than as values, since not all that can be written is a value: 1e400, duplicate keys.

/** Returns a value nested so deeply that recursive parsing fails. */
export function deep(
  levels: number,
  [open, inner, close]: readonly [string, string, string] = ['[', '', ']'],
): string {
  return open.repeat(levels) + inner + close.repeat(levels);
}

// biome-ignore format: a list
const NUMBERS = [
  '0', '-0', '-1', '1.5', '1e400', '-1e400', '1e-400', '2147483648', '-2147483649', '9007199254740993',
  '9223372036854775807', '9223372036854775808', '-9223372036854775809', '1e308', '9'.repeat(1_000),
];
// biome-ignore format: a list
const TEXTS = [
  '', ' ', '\0', 'a\0b', '\ud800', '\udc00x', 'x\ud83d', '\ufffe', '\u202e', '\ufeff', '🏳️‍🌈', 'e\u0301',
  'É', '٣', '１２', "'; DROP TABLE immigration_client; --", '%', '_', '\\', '$1', '${x}', '{{x}}',
  '../../etc/passwd', '<script>', '0000-00-00', '2024-02-30', '9999-12-31', '99999-01-01', '-0001-01-01',
  'infinity', 'NaN', 'null', '__proto__', 'valueOf', 'true', '1e5', '+1', ' 1 ', '0x10', '1_000', '9'.repeat(1_001),
  'a'.repeat(300), '😀'.repeat(101), 'ÅÆ', 'a@b', 'a@b.c', '"a b"@example.com', 'a@[127.0.0.1]',
  `${'a'.repeat(250)}@example.com`, 'x'.repeat(70_000),
];
// biome-ignore format: a list
const OTHERS = [
  'null', 'true', 'false', '[]', '{}', '[null]', '[[]]', '{"":""}', '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{}}}', '{"toString":null}', '{"length":1e9}', deep(2_000),
  deep(2_000, ['{"a":', '1', '}']),
];

const [FIRST_SURROGATE, SURROGATES, LAST] = [0xd800, 0x800, 0x10ffff];
/**
 * Text of any characters: fast-check's own unit `binary` counts all of them anew in each process, for six seconds.
 */
export const anyText: Arbitrary<string> = fc.string({
  unit: fc
    .nat(LAST - SURROGATES)
    .map((code) => String.fromCodePoint(code < FIRST_SURROGATE ? code : code + SURROGATES)),
});

/** Any JSON value, as text, the nasty ones more often than chance would have it. */
export const anyJson: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 5, arbitrary: fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)) },
  { weight: 3, arbitrary: fc.constantFrom(...OTHERS) },
  { weight: 2, arbitrary: anyText.map((text) => JSON.stringify(text)) },
  { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.double().map((value) => JSON.stringify(value)) },
);

// biome-ignore format: a list
const FURTHER_KEYS = [
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'id', 'deleted_at', 'a\0', '',
];

/** Returns an object with some of these keys, some of them twice, and some unknown ones; as text. */
export function objectWith(
  keys: readonly string[],
  given: Readonly<Record<string, unknown>>,
): Arbitrary<string> {
  const key = fc.constantFrom(...keys, ...keys, ...FURTHER_KEYS);
  const pairs = fc.array(fc.tuple(key, anyJson), { minLength: 1, maxLength: 6 });
  return fc.tuple(fc.boolean(), pairs).map(([complete, hostile]) => {
    const valid = complete ? Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)]) : [];
    return `{${[...valid, ...hostile].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
  });
}

/**
 * Returns values, as JSON text, that the field's documentation rules out; undefined: omitting it. Empty: none known.
 */
export function faultsOf({ schema, required, nullable }: Field): (string | undefined)[] {
  const faults: (string | undefined)[] = faultsBySchema(schema);
  if (faults.length === 0) return [];
  if (!nullable) faults.push('null');
  if (required) faults.push(undefined);
  return faults;
}

function faultsBySchema(schema: TSchema): string[] {
  const blank = (schema.oneOf as TSchema[] | undefined)?.some(({ enum: values }) => values?.includes(''));
  const inner = (schema.oneOf as TSchema[] | undefined)?.[0] ?? schema;
  switch (inner.type) {
    case 'string':
      return [...textFaults(inner), ...(inner.minLength && !blank ? ['""'] : [])];
    case 'integer':
      return [
        '"x"',
        '""',
        '1.5',
        '"1.5"',
        '1e400',
        '-1e400',
        '"1e5"',
        '"0x1"',
        '"NaN"',
        '{}',
        '[]',
        '[1]',
        'true',
      ];
    case 'boolean':
      return ['"maybe"', '""', '2', '-1', '{}', '[]', '[true]'];
    case 'array':
      return ['"x"', '1', 'true', '{}'];
    case 'object':
      return ['"x"', '1', 'true', '[]'];
    default:
      return [];
  }
}

function textFaults({ format, maxLength, enum: values }: TSchema): string[] {
  if (format === 'binary') return []; // a file
  // biome-ignore format: a list
  const faults = [
    '{}', '[]', '["a"]', 'true', deep(2_000), '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"a\\udc00b"',
  ];
  if (maxLength !== undefined)
    faults.push(JSON.stringify('é'.repeat(maxLength + 1)), '9'.repeat(maxLength + 1));
  if (values) faults.push('"NO_SUCH_CHOICE"', '"__proto__"', '"constructor"', '1', '1e400', '"\\u0130"');
  if (format === 'email') faults.push('"x"', '"a@b"', '"a b@example.com"', '"@example.com"', '1');
  if (format === 'date')
    faults.push('"x"', '""', '"2024-02-30"', '"0000-01-01"', '"2024-1"', '"10000-01-01"', '1');
  if (format === 'uri') faults.push('"x y"');
  return faults;
}
