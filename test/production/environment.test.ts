import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { CHECKS } from '../../src/production/checks/all-checks.js';
import { checked, goodConfig } from './checking.js';

/** The checks of settings alone. */
const SETTINGS = ['setting names', 'debug', 'secret key', 'hosts', 'https', 'cors', 'webhooks', 'log'];

it('the settings that come for production have no problem, and their warnings are decisions of the operator', async () => {
  const file = join(PACKAGE_ROOT, 'deployment', 'environments', 'production.env');
  const environment = parse(readFileSync(file));
  const { SECRET_KEY: _empty, SECURITY_LOG_FILE: _elsewhere, ...settings } = environment;
  const checks = CHECKS.filter(({ name }) => SETTINGS.includes(name));
  expect(checks).toHaveLength(SETTINGS.length);
  const found: string[] = [];
  for (const check of checks) {
    const lines = await checked(check, { config: goodConfig(settings), environment });
    found.push(...lines.filter(({ level }) => level !== 'ok').map((line) => `${line.level} ${line.text}`));
  }
  expect(found).toEqual([expect.stringMatching(/^warning ALLOWED_HOSTS is \*/)]);
});
