import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, startBrowser } from '../contract/browser.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

// A real browser with a virtual authenticator, on pages of two hosts of the agency.

const chromium = findChromium();

/** Code of a page that asks the API, and what a front end needs for passkeys. */
const SCRIPT = `
  const ask = async (base, path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: 'Bearer ' + token }) };
    const answer = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const create = async (options) => (await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON();
  const use = async (options) => (await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON();`;

describe.skipIf(!chromium)('in a browser', () => {
  let app: TestApp;
  let browser: Browser;
  let pages: Server;
  let page: Page;
  let token: string;

  const originOf = (host: string) => `http://${host}:${(pages.address() as AddressInfo).port}`;
  const run = (code: string, given: object = {}) =>
    page.evaluate(
      ([script, values]) => new Function('given', script as string)(JSON.parse(values as string)),
      [
        `${SCRIPT}\nreturn (async () => { ${code} })();`,
        JSON.stringify({ base: apiBase(), token, ...given }),
      ],
    ) as Promise<never>;
  const apiBase = () => `http://main.localhost:${new URL(app.base).port}`;

  beforeAll(async () => {
    app = await startTestApp();
    await seedStaff(app);
    token = await app.logIn('consultant1');
    pages = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Front end</title>');
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    browser = await startBrowser(chromium as string);
    page = await browser.newPage();
    const devTools = await page.context().newCDPSession(page);
    await devTools.send('WebAuthn.enable');
    await devTools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await app?.close();
  });

  test('a passkey is added, is the second factor, and logs in alone', { timeout: 60_000 }, async () => {
    await page.goto(originOf('main.localhost'));
    const added = await run(
      `const proof = { password: given.password };
       const { body } = await ask(given.base, '/api/v1/second-factor/passkeys/options/', proof, given.token);
       const made = { name: 'Laptop', passkey: await create(body) };
       return await ask(given.base, '/api/v1/second-factor/passkeys/', made, given.token);`,
      { password: PASSWORD },
    );
    expect(added).toMatchObject({ status: 201, body: { recovery_codes: expect.any(Array) } });

    const logIn = `
      const asked = await ask(given.base, '/api/token/', { username: 'consultant1', password: given.password });
      if (asked.body.code !== 'second_factor_required') return asked;
      if (!asked.body.passkey) return asked;
      const answer = { challenge: asked.body.challenge, passkey: await use(asked.body.passkey) };
      return await ask(given.base, '/api/token/second-factor/', answer);`;
    const pair = { access: expect.any(String), refresh: expect.any(String) };
    for (let i = 0; i < 2; i++) {
      expect(await run(logIn, { password: PASSWORD })).toEqual({ status: 200, body: pair });
    }
    const alone = await run(`
      const { body } = await ask(given.base, '/api/token/passkey/options/', {});
      return await ask(given.base, '/api/token/passkey/', { passkey: await use(body) });`);
    expect(alone).toEqual({ status: 200, body: pair });

    await page.goto(originOf('main-immigrate.localhost'));
    expect(await run(logIn, { password: PASSWORD })).toMatchObject({
      status: 401,
      body: { methods: ['recovery_code'] },
    });
  });
});
