import { afterAll, expect, test } from 'vitest';
import { mailTime } from './account-mail-texts.js';

const { DateTimeFormat } = Intl;
afterAll(() => {
  Intl.DateTimeFormat = DateTimeFormat;
});

test('times are those of the time zone; the format of a zone is made once', () => {
  let made = 0;
  Intl.DateTimeFormat = new Proxy(DateTimeFormat, {
    construct: (target, given) => {
      made++;
      return new target(...given);
    },
  });
  const moment = new Date('2026-11-30T13:00:00Z');
  for (let n = 0; n < 3; n++) {
    expect(mailTime('Asia/Kathmandu', moment)).toBe('30 November 2026 at 18:45:00 GMT+5:45');
    expect(mailTime('Europe/London', moment)).toBe('30 November 2026 at 13:00:00 GMT');
  }
  expect(made).toBe(2);
});
