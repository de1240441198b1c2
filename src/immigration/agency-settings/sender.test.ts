import { expect, test } from 'vitest';
import { addressIn, maySendFrom } from './sender.js';

test.each([
  ['crm@acme.example', 'crm@acme.example'],
  ['Acme <crm@acme.example>', 'crm@acme.example'],
  ['Acme Pty Ltd <crm@acme.example>', 'crm@acme.example'],
  ['"Acme, Pty" <crm@acme.example>', 'crm@acme.example'],
  ['Acme, Pty <crm@acme.example>', null],
  ['Acme', null],
  ['', null],
  ['Acme <crm>', null],
  ['a@b.example <crm@acme.example>', null],
  ['a@b.example, crm@acme.example', null],
  ['Acme <crm@acme.example>\r\nBcc: all@example.com', null],
  ['Acme\r\nBcc: a@b.example <crm@acme.example>', null],
])('%j is sent from %j', (sender, address) => {
  expect(addressIn(sender)).toBe(address);
});

test.each([
  ['acme.example', ['acme.example'], true],
  ['ACME.example', ['acme.example'], true],
  ['acme.example', ['crm.acme.example'], true],
  ['acme.example', ['*.acme.example'], true],
  ['acme.example', ['*.app.acme.example'], true],
  ['other.example', ['acme.example'], false],
  ['acme.platform.example', ['acme.platform.example'], true],
  ['platform.example', ['acme.platform.example'], false],
  ['crm.platform.example', ['acme.crm.platform.example'], true],
  ['example', ['acme.example'], false],
  ['localhost', ['main.localhost'], false],
  ['evil-acme.example', ['acme.example'], false],
])('mail as %s by who has %j: %s', (domain, own, may) => {
  expect(maySendFrom(domain, own, 'platform.example')).toBe(may);
});
