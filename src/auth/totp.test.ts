import { describe, expect, it, test } from 'vitest';
import { base32, isTotpCode, stepOfCode, totpAddress, totpCode, totpStep } from './totp.js';

const SECRET = Buffer.from('12345678901234567890');

describe('codes by the vectors of', () => {
  test.each([
    ['755224', 0],
    ['287082', 1],
    ['359152', 2],
    ['969429', 3],
    ['338314', 4],
    ['254676', 5],
    ['287922', 6],
    ['162583', 7],
    ['399871', 8],
    ['520489', 9],
  ])('RFC 4226, appendix D: %s', (code, step) => {
    expect(totpCode(SECRET, step)).toBe(code);
  });

  test.each([
    ['94287082', 59],
    ['07081804', 1_111_111_109],
    ['14050471', 1_111_111_111],
    ['89005924', 1_234_567_890],
    ['69279037', 2_000_000_000],
    ['65353130', 20_000_000_000],
  ])('RFC 6238, appendix B: %s', (code, seconds) => {
    expect(totpCode(SECRET, totpStep(seconds * 1000), 8)).toBe(code);
  });

  test.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('RFC 4648, section 10: %j', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });
});

describe('a code is found', () => {
  const now = 1_700_000_000_000;
  const present = totpStep(now);

  it.each([-1, 0, 1])('at a clock that is off by %i steps', (drift) => {
    const code = totpCode(SECRET, present + drift);
    expect(stepOfCode(SECRET, code, 0, now)).toBe(present + drift);
    expect(stepOfCode(SECRET, code, present + drift, now), 'used').toBeNull();
  });

  it.each([-2, 2])('not at one that is off by %i', (drift) => {
    expect(stepOfCode(SECRET, totpCode(SECRET, present + drift), 0, now)).toBeNull();
  });

  it('by its form', () => {
    expect(['123456', '１２３４５６', '12345', '1234567', '12345a', '123456\n'].map(isTotpCode)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

it('names the agency and the user in the address for apps, whatever their names hold', () => {
  expect(totpAddress(SECRET, 'A&B: Visa', 'maya@example.com')).toBe(
    'otpauth://totp/A%26B%20%20Visa:maya%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A%26B%20%20Visa&algorithm=SHA1&digits=6&period=30',
  );
});
