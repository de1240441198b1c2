import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './addresses.js';
import type { ResolvedAddress } from './name-lookup.js';
import { sendWebhook } from './webhook.js';
import { checkWebhookUrl, resolveTarget, type WebhookPolicy } from './webhook-target.js';

const STRICT: WebhookPolicy = { allowPrivate: false, ports: [443, 8443], extraCa: null };
const LOOSE: WebhookPolicy = { allowPrivate: true, ports: [80, 443], extraCa: null };

/** Returns a resolver that knows only these names. */
const names = (table: Record<string, string[]>) => async (hostname: string) =>
  (table[hostname] ?? []).map((address): ResolvedAddress => {
    return { address, family: address.includes(':') ? 6 : 4 };
  });

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.128.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('the address of an endpoint', () => {
  it.each([
    ['http://example.com/', /https/],
    ['ftp://example.com/', /https/],
    ['file:///etc/passwd', /https/],
    ['example.com/hook', /no address/],
    ['https://user:word@example.com/', /name or password/],
    ['https://example.com:8080/', /port 443 or 8443/],
    ['https://example.com:22/', /port 443 or 8443/],
    ['https://127.0.0.1/', /public/],
    ['https://10.1.2.3/', /public/],
    ['https://169.254.169.254/latest/meta-data', /public/],
    ['https://[::1]/', /public/],
    ['https://[::ffff:127.0.0.1]/', /public/],
    ['https://[fd00:ec2::254]/', /public/],
    ['https://2130706433/', /127\.0\.0\.1 is not/],
    ['https://0177.0.0.1/', /127\.0\.0\.1 is not/],
    ['https://0x7f.1/', /127\.0\.0\.1 is not/],
    ['https://127.1/', /127\.0\.0\.1 is not/],
    ['https://①②⑦.0.0.1/', /127\.0\.0\.1 is not/],
    ['https://localhost/', /public/],
    ['https://LOCALHOST./', /public/],
    ['https://main.localhost/', /public/],
    ['https://metadata.google.internal/', /public/],
    ['https://printer.local/', /public/],
    [`https://example.com/${'a'.repeat(2000)}`, /too long/],
  ])('%s is refused', (url, reason) => {
    expect(() => checkWebhookUrl(url, STRICT)).toThrow(reason);
  });

  it('is taken over https, at the ports allowed, without its fragment', () => {
    expect(checkWebhookUrl('HTTPS://Example.com:8443/a?b=c#d', STRICT).href).toBe(
      'https://example.com:8443/a?b=c',
    );
    expect(checkWebhookUrl('https://8.8.8.8/', STRICT).href).toBe('https://8.8.8.8/');
    expect(checkWebhookUrl('http://127.0.0.1/', LOOSE).href).toBe('http://127.0.0.1/');
  });
});

describe('the name of an endpoint’s host', () => {
  const resolve = names({
    'good.example': ['93.184.216.34', '2606:4700::1'],
    'inside.example': ['10.0.0.7'],
    'loop.example': ['::1'],
    'mapped.example': ['::ffff:169.254.169.254'],
    'mixed.example': ['93.184.216.34', '127.0.0.1'],
  });
  const target = (host: string) =>
    resolveTarget(new URL(`https://${host}/`), STRICT, new AbortController().signal, resolve);

  it('may lead to public addresses only, all of them', async () => {
    expect(await target('good.example')).toHaveLength(2);
    for (const host of ['inside', 'loop', 'mapped', 'mixed']) {
      await expect(target(`${host}.example`)).rejects.toThrow('is not on the public Internet');
    }
    await expect(target('unknown.example')).rejects.toThrow('has no address');
  });

  it('is resolved once, and the connection made to what was checked', async () => {
    const server = createServer((_, response) => response.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let asked = 0;
    const changing = async () => {
      asked++;
      return [{ address: asked === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }];
    };
    const message = { secrets: ['s'], eventType: 'x', body: '{}', idempotencyKey: 'k' };
    try {
      // No other resolver knows this name: had the connection resolved it again, it would have failed.
      const url = `http://rebinding.invalid:${port}/`;
      const policy = { ...LOOSE, ports: [port] };
      expect(await sendWebhook({ url, ...message }, { policy, resolve: changing })).toMatchObject({
        sent: true,
        answer: 'reached',
      });
      expect(asked).toBe(1);
    } finally {
      server.close();
    }
  });

  it('is refused for good, before anything is sent, where it leads inside', async () => {
    const message = { secrets: ['s'], eventType: 'x', body: '{}', idempotencyKey: 'k' };
    expect(
      await sendWebhook({ url: 'https://inside.example/', ...message }, { policy: STRICT, resolve }),
    ).toMatchObject({
      sent: false,
      permanent: true,
      error: 'inside.example leads to an address that is not on the public Internet',
    });
  });

  it('has its time limit too', async () => {
    const message = { secrets: ['s'], eventType: 'x', body: '{}', idempotencyKey: 'k' };
    const never = () => new Promise<never>(() => undefined);
    const options = { policy: STRICT, resolve: never, withinMs: 50 };
    expect(await sendWebhook({ url: 'https://good.example/', ...message }, options)).toMatchObject({
      sent: false,
      error: 'no answer within 0.05 s',
    });
  });
});
