import { expect, test } from 'vitest';
import { ExactNumber, parseJson, readStoredJson, writeJson } from './json.js';

test.each([
  '9007199254740993',
  '-9007199254740993',
  '1e400',
  '-1E+400',
  '1e-400',
  '0.1000000000000000055511151231257827',
  '12345678901234567.89',
  '9'.repeat(2_000),
])('%s is kept as it was written, wherever it stands', (number) => {
  for (const text of [
    number,
    `{"a":${number}}`,
    `[1,${number},[${number}]]`,
    `{"a":"\\"","b":[{"c":${number}}]}`,
  ]) {
    expect(writeJson(parseJson(text))).toBe(text);
  }
  expect((parseJson(number) as ExactNumber).text).toBe(number);
});

test.each([
  ['0.1', 0.1],
  ['1.0', 1],
  ['-0', -0],
  ['123456789012345', 123456789012345],
  ['9007199254740992', 9007199254740992],
  ['1e300', 1e300],
  [`1${'0'.repeat(300)}`, 1e300],
  ['0.1000000000000000000000000', 0.1],
  ['5e-324', 5e-324],
  ['1.7976931348623157E+308', Number.MAX_VALUE],
])('%s is a number as any other', (text, number) => {
  expect(parseJson(text)).toBe(number);
  expect(parseJson(`{"a":${text}}`)).toEqual({ a: number });
});

test('texts are not taken for numbers, and no text can pass for one', () => {
  const value = { 'a 1e400': ': 9007199254740993', b: '\\u0000n1', c: '"\\u0000n12"' };
  expect(parseJson(`[${JSON.stringify(value)}, 1e400]`)).toEqual([value, new ExactNumber('1e400')]);
  expect(writeJson([value, new ExactNumber('1')])).toBe(`[${JSON.stringify(value)},1]`);
});

test('keys are read as usual beside such numbers', () => {
  expect(writeJson(parseJson('{"a":1,"a":1e400,"__proto__":{"b":1},"":null}'))).toBe(
    '{"a":1e400,"__proto__":{"b":1},"":null}',
  );
  expect(({} as { b?: unknown }).b).toBeUndefined();
});

test('what is no JSON is refused, and depth without end is not taken apart', () => {
  expect(() => parseJson('{"a":1e400')).toThrow(SyntaxError);
  expect(() => parseJson('[01]')).toThrow(SyntaxError);
  const deep = `${'['.repeat(100_000)}1e400${']'.repeat(100_000)}`;
  expect(() => parseJson(deep)).toThrow('nested too deeply');
  expect(() => readStoredJson(deep)).not.toThrow();
});
