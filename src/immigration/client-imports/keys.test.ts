import { expect, test } from 'vitest';
import { cpuOf, leastOf } from '../../../test/helpers/processor-time.js';
import { emailKey } from './email-addresses.js';
import { isSameName } from './names.js';
import { phoneKey, phoneProblem } from './phone-numbers.js';

test.each([
  ['+977 98-4123 4567', '9779841234567'],
  ['(02) 9876 5432', '0298765432'],
  ['01.23.45.67.89', '0123456789'],
  ['01.4412345', '014412345'],
  ['+1 (555) 010-9999 ext. 12', '1555010999912'],
  ['Tel: 98412345', '98412345'],
  ['12345', '12345'],
  ['+977‐98‑4123–4567', '9779841234567'],
  ['１２３４５６７', null],
  ['९८४१२३४५६७', null],
  // Ten digits, of which a key would contain only two, or one.
  ['98४१२३४५६७', null],
  ['९८४१२३४५ ext 7', null],
])('%s is a phone number', (text, key) => {
  expect([phoneProblem(text), phoneKey(text)]).toEqual([null, key]);
});

test.each([
  ['9.77984E+11', 'format the column as text'],
  ['9,77984E+11', 'format the column as text'],
  ['9.77984e11', 'format the column as text'],
  ['977984E3', 'format the column as text'],
  ['9779841234567.0', 'format the column as text'],
  ['9779841234567,00', 'format the column as text'],
  ['000000', 'all of its digits are the same'],
  ['+99 999 999', 'all of its digits are the same'],
  ['0', '5 to 15 digits'],
  ['1234', '5 to 15 digits'],
  ['1234567890123456', '5 to 15 digits'],
  ['n/a', '5 to 15 digits'],
  ['########', '5 to 15 digits'],
  ['98412345, 98567890', '5 to 15 digits'],
  ['same as wife 98412345', '5 to 15 digits'],
  ['maya98412@example.com', '5 to 15 digits'],
  [`1${'23'.repeat(50_000)}`, '5 to 15 digits'],
])('%# is no phone number, and no key', (text, advice) => {
  expect(phoneProblem(text)).toContain(advice);
  expect(phoneKey(text)).toBeNull();
});

test.each(['.', ' .', '. x', '-'])('a cell full of %j costs no time', async (text) => {
  const told = async () => expect(phoneProblem(`${text.repeat(200_000)}!`)).toContain('is no phone number');
  expect(await leastOf(() => cpuOf(told), 500)).toBeLessThan(500);
});

test('addresses are known in any case, and those that stand for none are no key', () => {
  expect(emailKey(' Maya@Example.COM ')).toBe('maya@example.com');
  for (const text of [
    '',
    'none@none.com',
    'N.A@x.org',
    'no-email@x.org',
    'noreply@x.org',
    'xxx@xxx.com',
    'unknown1@x.org',
  ])
    expect([text, emailKey(text)]).toEqual([text, null]);
  for (const text of ['nora@x.org', 'norman@x.org', 'xavier@x.org', 'nathan@x.org'])
    expect(emailKey(text)).toBe(text);
});

test.each([
  ['Maya Rai', 'maya  RAI', true],
  ['Maya Rai', 'Maya Devi Rai', true],
  ['Maya Rai', 'Rai, Maya', true],
  ['M. Rai', 'Maya Rai', true],
  ['Maya', 'Maya Rai', true],
  ['José Núñez', 'Jose Nunez', true],
  ['', 'Maya Rai', true],
  ['Maya Rai', 'Ram Rai', false],
  ['Maya Rai', 'Maya Thapa', false],
  ['Ram Ram', 'Ram Rai', false],
  ['王伟', '李娜', false],
  ['Łukasz Søren', 'lukasz soren', true],
  ['Jose\u0301', 'José', true],
  ['माया राई', 'मीया राई', false],
])('%j and %j: one person’s? %s', (one, other, same) => {
  expect([isSameName(one, other), isSameName(other, one)]).toEqual([same, same]);
});
