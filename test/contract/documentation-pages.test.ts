import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { findChromium, startBrowser, visit } from './browser.js';

const PAGES = ['/api/docs/', '/api/redoc/'];
const HOSTS = ['main.localhost', 'demo.localhost', 'localhost', '127.0.0.1', 'Example.COM:8000'];

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ environment: { BASE_DOMAIN: 'example.com' } });
});
afterAll(() => app?.close());

/** Returns every URL in a page's HTML. */
function references(html: string): string[] {
  return [...html.matchAll(/(?:src|href|action)="([^"]*)"|url:'([^']*)'|init\('([^']*)'/g)].map(
    ([, attribute, url, start]) => (attribute ?? url ?? start) as string,
  );
}

describe.each(PAGES)('%s', (path) => {
  test.each(HOSTS)('is served at %s without log-in', async (host) => {
    for (const [asked, type] of [
      [path, 'text/html'],
      ['/api/schema/', 'application/vnd.oai.openapi'],
    ] as const) {
      const answer = await app.ask('GET', asked, { headers: { host } });
      expect([answer.status, answer.headers['content-type']?.split(';')[0]]).toEqual([200, type]);
    }
  });

  test('is not served at a host of nobody', async () => {
    for (const host of ['nobody.localhost', 'nobody.example.com', 'localhost.evil.test']) {
      expect((await app.ask('GET', path, { headers: { host } })).status).toBe(404);
    }
  });

  test('names nothing but files of this server, which are there', async () => {
    const { raw } = await app.ask('GET', path);
    const named = references(raw.toString()).filter((reference) => reference !== 'data:,');
    expect(named).toContain('/api/schema/?format=json');
    for (const reference of named) {
      expect(reference).toMatch(/^\/(?!\/)/);
      const file = await app.ask('GET', reference);
      expect([reference, file.status]).toEqual([reference, 200]);
    }
    expect(raw.toString()).not.toMatch(/https?:|\bimport\b/);
  });

  test('has a policy that lets in nothing from elsewhere', async () => {
    const { headers } = await app.ask('GET', path);
    const directives = String(headers['content-security-policy'])
      .split(';')
      .map((directive) => directive.trim().split(' '));
    const allowed = /^('none'|'self'|'sha256-[\w+/=]+'|data:|blob:)$/;
    for (const [name, ...sources] of directives) {
      for (const source of sources) {
        const inlineStyle = name === 'style-src' && source === "'unsafe-inline'";
        expect(inlineStyle || allowed.test(source), `${name} ${source}`).toBe(true);
      }
    }
    expect(directives.map(([name]) => name)).toEqual(
      expect.arrayContaining(['default-src', 'script-src', 'connect-src', 'frame-ancestors']),
    );
  });

  test('supports GET and HEAD', async () => {
    const head = await app.ask('HEAD', path);
    expect([head.status, head.raw.length]).toEqual([200, 0]);
    const post = await app.ask('POST', path);
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});

test('a browser keeps the files of the pages, and no others can be read', async () => {
  const path = '/api/docs/assets/swagger-ui.css';
  const { headers } = await app.ask('GET', path);
  const again = await app.ask('GET', path, { headers: { 'if-none-match': String(headers.etag) } });
  expect([again.status, again.raw.length]).toEqual([304, 0]);
  for (const other of ['package.json', '../package.json', '..%2fpackage.json', '', 'swagger-ui.css/']) {
    expect((await app.ask('GET', `/api/docs/assets/${other}`)).status).toBe(404);
  }
});

/** A newly installed browser, beside the other tests on two cores, has taken 34 s for its first page. */
const PATIENCE = 120_000;

const executable = findChromium();
if (!executable)
  console.log('skipped: no Chromium is installed, so the documentation pages are not opened in one');

describe.skipIf(!executable)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(executable as string);
  }, PATIENCE);
  afterAll(() => browser?.close());

  test.each([
    ['/api/docs/', 'main.localhost', 'text=Brings back a client that was deleted.'],
    ['/api/redoc/', '127.0.0.1', '[data-section-id] h2, [role=menuitem]'],
  ])(
    '%s at %s shows the operations, and nothing goes wrong or elsewhere',
    async (path, host, ready) => {
      const origin = `http://${host}:${new URL(app.base).port}`;
      const { problems, origins, text } = await visit(browser, origin + path, ready);
      expect(problems).toEqual([]);
      expect([...origins]).toEqual([origin]);
      expect(text).toContain('Brings back a client that was deleted.');
    },
    PATIENCE,
  );
});
