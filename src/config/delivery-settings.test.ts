import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDeliverySettings } from './delivery-settings.js';
import { SettingsReader } from './settings-reader.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'leopard-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function read(environment: Record<string, string>, debug = true) {
  const reader = new SettingsReader(environment);
  const settings = readDeliverySettings(reader, { debug, baseDomain: 'crm.example', directory });
  return { settings, problems: reader.problems };
}

it('writes e-mails to files in development; elsewhere sends them once it knows a server', () => {
  const from = 'Leopard <no-reply@crm.example>';
  const bounds = { concurrency: 4, maxAgeHours: 24 };
  expect(read({}).settings.email).toEqual({ transport: 'file', smtpUrl: '', from, ...bounds });
  expect(read({}, false).settings.email).toEqual({ transport: 'off', smtpUrl: '', from, ...bounds });
  const smtpUrl = 'smtps://user:word@mail.example';
  expect(read({ SMTP_URL: smtpUrl }, false).settings.email).toEqual({
    transport: 'smtp',
    smtpUrl,
    from,
    ...bounds,
  });
});

it('keeps webhooks to https ports of the Internet', () => {
  expect(read({}).settings.webhooks).toEqual({ allowPrivate: false, ports: [443, 8443], extraCa: null });
});

it.each([
  [{ EMAIL_TRANSPORT: 'pigeon' }, 'EMAIL_TRANSPORT must be one of smtp, file, off, not "pigeon"'],
  [{ EMAIL_TRANSPORT: 'smtp' }, 'SMTP_URL is missing; EMAIL_TRANSPORT=smtp needs it'],
  [{ EMAIL_TRANSPORT: 'smtp', SMTP_URL: 'mail.example:587' }, /^SMTP_URL must look like/],
  [{ EMAIL_FROM: 'Leopard' }, /^EMAIL_FROM must look like/],
  [{ WEBHOOKS_PORTS: '443,0' }, 'WEBHOOKS_PORTS must hold ports such as 443,8443, not "0"'],
  [{ WEBHOOKS_CA_FILE: 'nowhere.pem' }, /^WEBHOOKS_CA_FILE must be a file with certificates/],
  [{ WEBHOOKS_CA_FILE: '.' }, /^WEBHOOKS_CA_FILE must be a file with certificates/],
  [{ DELIVERY_CONCURRENCY: '0' }, /^DELIVERY_CONCURRENCY must be/],
])('says what is wrong with %j', (environment, problem) => {
  expect(read(environment as Record<string, string>).problems).toEqual([expect.stringMatching(problem)]);
});

it('reads certificates from a file, its path relative to the settings’ folder', () => {
  const text = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
  writeFileSync(join(directory, 'ca.pem'), text);
  expect(read({ WEBHOOKS_CA_FILE: 'ca.pem' }).settings.webhooks.extraCa).toBe(text);
});
