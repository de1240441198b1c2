import { expect, it } from 'vitest';
import { Cors } from '../http/cors.js';
import { frontEnds } from './front-end.js';
import type { Tenant } from './tenants.js';

const settings = {
  appSubdomain: 'app',
  baseDomain: 'crm.example',
  debug: false,
  corsOrigins: ['https://own.example'],
};

function frontEndOf(frontEnd: string | null, { frontEndUrl = '', useHttps = true } = {}): string {
  const config = { ...settings, useHttps, accounts: { frontEndUrl } as never };
  const cors = new Cors(config);
  return frontEnds(config, (origin) => cors.allows(origin))({
    schema: 'tenant_big_acme',
    frontEnd,
  } as Tenant);
}

it.each([
  ['its host name of APP_SUBDOMAIN', null, {}, 'https://big-acme-app.crm.example'],
  ['without https', null, { useHttps: false }, 'http://big-acme-app.crm.example'],
  [
    'FRONT_END_URL',
    null,
    { frontEndUrl: 'https://{agency}.ui.example:8443' },
    'https://big-acme.ui.example:8443',
  ],
  ['its own setting', 'https://own.example', { frontEndUrl: 'https://ui.example' }, 'https://own.example'],
  ['no origin that may not use the API', 'https://evil.example', {}, 'https://big-acme-app.crm.example'],
])('an agency’s front end is %s', (_what, own, options, expected) => {
  expect(frontEndOf(own, options)).toBe(expected);
});
