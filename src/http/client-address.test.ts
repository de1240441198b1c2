import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { addressReader, parseAddress } from './client-address.js';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  [' 192.0.2.1:44321 ', '192.0.2.1'],
  ['192.0.2.1\n', '192.0.2.1'],
  ['2001:DB8::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
])('%j is the address %s', (text, address) => {
  expect(parseAddress(text)).toBe(address);
});

test.each([
  '',
  'unknown',
  '_hidden',
  '192.0.2.256',
  '192.0.2.1:port',
  '192.0.2.1:999999',
  '[192.0.2.1',
  'example.com',
  "192.0.2.1'; --",
  '1'.repeat(100_000),
  'for=192.0.2.1',
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeNull();
});

describe('a client', () => {
  const read = addressReader(['127.0.0.1', '10.0.0.0/8']);
  const from = (remoteAddress: string | undefined, forwarded?: string) =>
    read({
      socket: { remoteAddress },
      headers: { 'x-forwarded-for': forwarded },
    } as object as IncomingMessage);

  test.each([
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '203.0.113.1', '203.0.113.1'],
    ['::ffff:127.0.0.1', '203.0.113.1', '203.0.113.1'],
    ['127.0.0.1', '198.51.100.9, 203.0.113.1', '203.0.113.1'],
    ['127.0.0.1', '203.0.113.1, 10.1.2.3:9999', '203.0.113.1'],
    ['127.0.0.1', '[2001:db8::7]:443', '2001:db8::7'],
    ['192.0.2.5', '203.0.113.1', '192.0.2.5'],
    // What is no address ends the search: neither it nor what the client has put before it counts.
    ['127.0.0.1', 'garbage', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.1, garbage, 10.1.2.3', '10.1.2.3'],
    ['127.0.0.1', ',,,', '127.0.0.1'],
    ['::ffff:192.0.2.5', undefined, '192.0.2.5'],
    [undefined, undefined, '0.0.0.0'],
  ])('at %s that is said to be %s is %s', (remote, forwarded, address) => {
    expect(from(remote, forwarded)).toBe(address);
  });

  test('is its connection where no proxy is trusted', () => {
    const request = {
      socket: { remoteAddress: '::ffff:192.0.2.5' },
      headers: { 'x-forwarded-for': '203.0.113.1' },
    };
    expect(addressReader([])(request as object as IncomingMessage)).toBe('192.0.2.5');
  });
});
