import { describe, expect, it, test } from 'vitest';
import { hexColor } from './color.js';
import { isAfter, readDateTime } from './datetime.js';
import { readDecimal } from './decimal.js';
import { FieldError } from './field.js';
import { object } from './object.js';
import { readTime } from './time.js';

/** Returns the parsed value, or the error of the parser. */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    return error.errors;
  }
}

const NO_DATETIME = [
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
];
test.each([
  ['2026-01-31T09:00:00Z', '2026-01-31T09:00:00Z'],
  ['2026-01-31T09:00', '2026-01-31T09:00:00Z'],
  [' 2026-01-31 9:00:05 ', '2026-01-31T09:00:05Z'],
  ['2026-01-31', '2026-01-31T00:00:00Z'],
  ['2026-01-31T09:00:00.5+05:45', '2026-01-31T03:15:00.500000Z'],
  ['2026-01-31T09:00:00.123456789-0930', '2026-01-31T18:30:00.123456Z'],
  ['2026-01-31T09:00:00.000+10', '2026-01-30T23:00:00Z'],
  ['2024-02-29T23:59:59z', '2024-02-29T23:59:59Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ['0001-01-01T00:00:00+01:00', ['Datetime value out of range.']],
  ['9999-12-31T23:59:59-00:01', ['Datetime value out of range.']],
  ['0000-01-01T00:00:00Z', NO_DATETIME],
  ['2026-02-29T00:00:00Z', NO_DATETIME],
  ['2026-01-31T24:00:00Z', NO_DATETIME],
  ['2026-01-31T09:60:00Z', NO_DATETIME],
  ['2026-01-31T09:00:60Z', NO_DATETIME],
  ['2026-01-31T09:00:00+24:00', NO_DATETIME],
  ['2026-01-31T09:00:00 Europe/Paris', NO_DATETIME],
  ['infinity', NO_DATETIME],
  ['now', NO_DATETIME],
  ['', NO_DATETIME],
  [1769850000, NO_DATETIME],
  [true, NO_DATETIME],
  [[], NO_DATETIME],
])('the datetime %j is read as %j', (given, expected) => {
  expect(outcome(() => readDateTime(given))).toEqual(expected);
});

test('moments are compared to the microsecond', () => {
  expect(isAfter('2026-01-01T00:00:00.000001Z', '2026-01-01T00:00:00Z')).toBe(true);
  expect(isAfter('2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000001Z')).toBe(false);
  expect(isAfter('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')).toBe(false);
  expect(isAfter('2026-01-01T00:00:01Z', '2026-01-01T00:00:00.999999Z')).toBe(true);
});

const NO_TIME = ['Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].'];
test.each([
  ['09:30', '09:30:00'],
  [' 9:30:05 ', '09:30:05'],
  ['23:59:59.5', '23:59:59.500000'],
  ['09:30:00.000', '09:30:00'],
  ['09:30:00Z', '09:30:00'],
  ['09:30:00+05:45', '09:30:00'],
  ['24:00', NO_TIME],
  ['09:60', NO_TIME],
  ['allballs', NO_TIME],
  ['', NO_TIME],
  [930, NO_TIME],
])('the time %j is read as %j', (given, expected) => {
  expect(outcome(() => readTime(given))).toEqual(expected);
});

describe('a decimal', () => {
  const NO_NUMBER = ['A valid number is required.'];
  const digits = (what: string) => [`Ensure that there are no more than ${what}.`];
  test.each([
    ['1250', '1250.00'],
    [1250.5, '1250.50'],
    ['-3.1', '-3.10'],
    ['+.5', '0.50'],
    ['5.', '5.00'],
    ['0', '0.00'],
    ['-0', '0.00'],
    ['000012', '12.00'],
    [1e3, '1000.00'],
    ['12e2', '1200.00'],
    ['125e-1', '12.50'],
    ['0.001', digits('2 decimal places')],
    ['1.000', digits('2 decimal places')],
    ['100000', digits('4 digits before the decimal point')],
    ['1234567', digits('6 digits in total')],
    ['12345.67', digits('6 digits in total')],
    ['1e999999999', digits('6 digits in total')],
    ['1e-999999999', digits('6 digits in total')],
    ['1e9999999999', NO_NUMBER],
    ['9'.repeat(1001), ['String value too large.']],
    ['NaN', NO_NUMBER],
    ['Infinity', NO_NUMBER],
    ['', NO_NUMBER],
    ['1,5', NO_NUMBER],
    ['0x10', NO_NUMBER],
    [true, NO_NUMBER],
    [{}, NO_NUMBER],
  ])('%j is read as %j', (given, expected) => {
    expect(outcome(() => readDecimal(given, { digits: 6, places: 2 }))).toEqual(expected);
  });

  test.each([
    ['-0.1', ['Ensure this value is greater than or equal to 0.']],
    ['0', '0.0'],
    ['999.9', '999.9'],
    ['99.9', '99.9'],
    [999.8, '999.8'],
  ])('from 0 to 999.9: %j is read as %j', (given, expected) => {
    expect(outcome(() => readDecimal(given, { digits: 4, places: 1, min: '0', max: '999.9' }))).toEqual(
      expected,
    );
  });

  it('is held against its bounds exactly', () => {
    const percentage = { digits: 5, places: 2, min: '0', max: '100' };
    expect(readDecimal('100.00', percentage)).toBe('100.00');
    const above = outcome(() => readDecimal('100.01', percentage));
    expect(above).toEqual(['Ensure this value is less than or equal to 100.']);
  });

  it('may have a hundred digits', () => {
    const long = `${'9'.repeat(98)}.99`;
    expect(readDecimal(long, { digits: 100, places: 2 })).toBe(long);
  });
});

test.each([
  ['3788d8', '#3788d8'],
  ['#ABCDEF', '#ABCDEF'],
  ['', ['This field may not be blank.']],
  ['#12345', ['This value does not match the required pattern.']],
  ['##123456', ['This value does not match the required pattern.']],
  ['123456\n#', ['This value does not match the required pattern.']],
  [{}, ['Not a valid string.']],
])('the colour %j is read as %j', (given, expected) => {
  expect(outcome(() => hexColor().parse(given))).toEqual(expected);
});

describe('an object', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  test.each([
    [{ a: [1, null, { b: 'x' }] }, { a: [1, null, { b: 'x' }] }],
    ['{"a":1}', { a: 1 }],
    [[], ['Expected a dictionary of items but got type "list".']],
    ['text', ['Expected a dictionary of items but got type "str".']],
    ['null', ['Expected a dictionary of items but got type "str".']],
    [1, ['Expected a dictionary of items but got type "int".']],
    [{ a: ['\0'] }, ['Null characters are not allowed.']],
    [{ '\0': 1 }, ['Null characters are not allowed.']],
    [{ a: '\ud800' }, ['Not a valid string.']],
    [nested(50), nested(50)],
    [nested(51), ['Ensure this value is nested no more than 50 levels deep.']],
  ])('%j is read as %j', (given, expected) => {
    expect(outcome(() => object().parse(given))).toEqual(expected);
  });
});
