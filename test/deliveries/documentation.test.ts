import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSecret, signatureHeader } from '../../src/deliveries/signature.js';
import { sendWebhook } from '../../src/deliveries/webhook.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

interface Documented {
  isFromLeopard(body: string, signature: string | undefined, secret: string, now?: number): boolean;
  receiver(secret: string, work: (event: { type: string }) => void): RequestListener;
}

let documented: Documented;
let folder: string;

// Runs the code as the page shows it.
beforeAll(async () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs/deliveries.md'), 'utf8');
  const [, code] = /```js\n([\s\S]*?)```/.exec(page)!;
  folder = await mkdtemp(join(tmpdir(), 'leopard-test-'));
  await writeFile(join(folder, 'receiver.mjs'), code!);
  documented = await import(join(folder, 'receiver.mjs'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('the documented check takes what is signed here, and nothing else', () => {
  const secret = newSecret();
  const now = 1_767_225_600;
  const body = '{"name": "काम"}';
  const signature = signatureHeader([secret], body, now);
  const check = (...[b, s, k, t]: Parameters<Documented['isFromLeopard']>) =>
    documented.isFromLeopard(b, s, k, t);
  expect(check(body, signature, secret, now + 200)).toBe(true);
  for (const secrets of [
    [secret, newSecret()],
    [newSecret(), secret],
  ]) {
    expect(check(body, signatureHeader(secrets, body, now), secret, now)).toBe(true);
  }
  expect(check(body, signatureHeader([newSecret(), newSecret()], body, now), secret, now)).toBe(false);
  expect(check(`${body} `, signature, secret, now)).toBe(false);
  expect(check(body, signature, newSecret(), now)).toBe(false);
  expect(check(body, signature, secret, now + 301)).toBe(false);
  expect(check(body, signature.replace(/t=\d+/, `t=${now + 1}`), secret, now)).toBe(false);
  expect(check(body, undefined, secret, now)).toBe(false);
  expect(check(body, 'v1=0', secret, now)).toBe(false);
});

it('the documented receiver does each thing once, however often it arrives', async () => {
  const secret = newSecret();
  const types: string[] = [];
  const server = createServer(documented.receiver(secret, ({ type }) => types.push(type)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const options = { policy: { allowPrivate: true, ports: [port], extraCa: null } };
  const message = {
    url: `http://127.0.0.1:${port}/`,
    secrets: [secret],
    eventType: 'Client.CREATE',
    body: '{"id": "one", "type": "Client.CREATE"}',
    idempotencyKey: 'one',
  };
  try {
    for (let n = 0; n < 2; n++) {
      expect(await sendWebhook(message, options)).toMatchObject({ sent: true, statusCode: 204 });
    }
    expect(await sendWebhook({ ...message, secrets: ['other'] }, options)).toMatchObject({ statusCode: 401 });
    expect(types).toEqual(['Client.CREATE']);
  } finally {
    server.close();
  }
});
