import type { Browser, Response } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { Listener } from '../../src/database/listener.js';
import { EVENTS } from '../../src/events/config.js';
import { Dispatcher } from '../../src/events/worker/dispatcher.js';
import { findChromium, startBrowser } from '../contract/browser.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { visaType } from '../helpers/samples/applications.js';
import { seedStaff } from '../helpers/staff.js';
import { tenantSql } from '../helpers/tenant-sql.js';
import { servePage } from './serve-page.js';

// A browser goes through the agencies' front end once: its calls in its order, from its origin. The page shows what its
// users would see.

const HOST = 'main-immigrate.localhost';
const TIMEOUT = 60_000;
const executable = findChromium();
let app: TestApp;
let page: Awaited<ReturnType<typeof servePage>>;
let stopWorker: () => Promise<void>;
let browser: Browser | undefined;
let type: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await tenantSql(
    app.databases.admin,
    'INSERT INTO public.tenants_domain (domain, tenant_id, is_primary) VALUES ($1, 1, false)',
    [HOST],
  );
  type = await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, visaType);
  stopWorker = await startWorker();
  page = await servePage();
  if (executable) browser = await startBrowser(executable);
});
afterAll(async () => {
  await browser?.close();
  await page?.close();
  await stopWorker?.();
  await app?.close();
});

async function startWorker() {
  const database = new Database(app.databases.app, { size: 2 });
  const listener = new Listener(app.databases.app);
  const dispatcher = new Dispatcher(database, listener, EVENTS, { concurrency: 1 });
  await listener.start();
  dispatcher.start();
  return async () => {
    await dispatcher.stop();
    await listener.close();
    await database.close();
  };
}

if (!executable) console.warn('Chromium is not installed: the front end’s calls are not tried in a browser');

test.skipIf(!executable)(
  'log-in, dashboard, list, client with tabs, stream, refresh and log-out',
  async () => {
    const tab = await (browser as Browser).newPage();
    const answers: string[] = [];
    const problems: string[] = [];
    const note = (response: Response) => {
      const { pathname } = new URL(response.url());
      if (pathname.startsWith('/api/')) answers.push(`${response.status()} ${pathname}`);
    };
    tab.on('response', note);
    tab.on('pageerror', (error) => problems.push(error.message));
    tab.on('requestfailed', (request) => {
      if (!request.url().includes('/stream/'))
        problems.push(`${request.url()} ${request.failure()?.errorText}`);
    });
    const api = `http://${HOST}:${new URL(app.base).port}`;
    await tab.goto(`http://${HOST}:${page.port}/?api=${encodeURIComponent(api)}&visaType=${type}`);
    const end = tab.locator('#end');
    await expect.poll(async () => await end.textContent(), { timeout: TIMEOUT }).not.toBe('');
    expect(await end.textContent()).toBe('done');

    const items = await tab.locator('#steps li').all();
    const shown = await Promise.all(
      items.map(async (item) => [await item.getAttribute('data-step'), await item.textContent()]),
    );
    expect(Object.fromEntries(shown)).toEqual({
      tenant: 'Tenant main',
      refused: '401 No active account found with the given credentials',
      profile: 'First branch1 Last branch1, Branch Admin',
      dashboard: 'clients 0, visas 0, colleges 0, tasks 0, unread 0',
      calendar: 'events 0',
      choices: expect.stringMatching(/^\d+ 1 3 1$/),
      errors: '400 first_name gender',
      list: 'Łucja Nowak',
      documents: 'Passport true, Photo false',
      tabs: '1 1 0 0 1 0 1 0 0',
      timeline: '3 entries, 1 chip',
      stream: 'TASK_ASSIGNED, unread 1', // the new stage is told to the branch’s admin,
      refresh: 'branch1',
    });
    expect(await tab.locator('#toasts').textContent()).toBe('Task assigned');
    expect(problems).toEqual([]);
    expect(answers.filter((answer) => answer.startsWith('5'))).toEqual([]);
    expect(answers.filter((answer) => answer.startsWith('4'))).toEqual([
      '401 /api/token/',
      '400 /api/v1/clients/',
    ]);
    // biome-ignore lint/performance/useDomNodeTextContent: only what is visible counts
    expect(await tab.locator('body').innerText()).not.toMatch(/undefined|NaN|\[object/);
  },
  TIMEOUT * 2,
);
