import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, startBrowser } from '../../../test/contract/browser.js';
import { PASSWORD } from '../../../test/helpers/app.js';
import { notify } from '../../../test/helpers/notifications.js';
import { type Agency, startAgency } from './agency.js';
import { type FrontEnd, serveFrontEnd } from './front-end.js';
import { closeServers, serve } from './hostile-server.js';

const chromium = findChromium();
if (!chromium) console.warn('Chromium is not installed: the client is not tried in a browser');

/** The code with which each piece that runs in a tab begins. */
const BEGIN = `
  const { LeopardClient, webStore } = await import('leopard-client');
  const make = (options = {}) => new LeopardClient({ baseUrl: given.api, store: webStore(localStorage), ...options });
  const dataOf = (result) => { if (result.ok) return result.data; throw new Error(JSON.stringify(result.error)); };`;

describe.skipIf(!chromium)('in a browser', () => {
  let agency: Agency;
  let frontEnd: FrontEnd;
  let browser: Browser;
  let context: BrowserContext;
  let tab: Page;

  const run = <T>(page: Page, code: string, given: object = {}): Promise<T> =>
    page.evaluate(
      ([script, values]) =>
        new Function('given', script as string)(JSON.parse(values as string)) as Promise<never>,
      [
        `return (async () => { ${BEGIN}\n${code} })();`,
        JSON.stringify({
          api: `http://main.localhost:${new URL(agency.app.base).port}`,
          password: PASSWORD,
          ...given,
        }),
      ],
    );

  beforeAll(async () => {
    agency = await startAgency({ environment: { LOGIN_FAILURES_PER_ACCOUNT: '2' } });
    frontEnd = await serveFrontEnd();
    browser = await startBrowser(chromium as string);
    context = await browser.newContext();
    tab = await frontEnd.open(context);
    await run(tab, "dataOf(await make().session.logIn({ username: 'branch1', password: given.password }));");
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await frontEnd?.close();
    await agency?.close();
  });

  test('many requests of two tabs that are refused at once refresh once', async () => {
    const other = await frontEnd.open(context);
    for (let round = 0; round < 10; round++) {
      await run(
        tab,
        `const tokens = JSON.parse(localStorage.getItem('leopard-tokens'));
         const access = tokens.access.split('.').slice(0, 2).join('.') + '.AAAA';
         localStorage.setItem('leopard-tokens', JSON.stringify({ ...tokens, access }));`,
      );
      agency.requests();
      const ask = `const client = make();
        const answers = await Promise.all(Array.from({ length: 20 }, () => client.get('/api/v1/users/profile/')));
        return answers.map((answer) => dataOf(answer).username);`;
      const names = await Promise.all([run<string[]>(tab, ask), run<string[]>(other, ask)]);
      expect(names.flat()).toEqual(Array(40).fill('branch1'));
      const refreshes = agency.requests().filter((request) => request === 'POST /api/token/refresh/');
      expect(refreshes).toHaveLength(1);
    }
    expect(await run(tab, 'return isSecureContext && navigator.locks !== undefined;')).toBe(true);
    await other.close();
  });

  test('a tab learns of a log-out in another one', async () => {
    const apart = await browser.newContext();
    const [one, other] = [await frontEnd.open(apart), await frontEnd.open(apart)];
    await run(one, "dataOf(await make().session.logIn({ username: 'branch3', password: given.password }));");
    await run(other, 'window.changes = 0; window.client = make(); client.session.onChange(() => changes++);');
    await run(one, 'dataOf(await make().session.logOut());');
    await expect.poll(() => run<number>(other, 'return changes;')).toBeGreaterThan(0);
    expect(await run(other, "return (await client.get('/api/v1/users/profile/')).error.kind;")).toBe(
      'signed_out',
    );
    await apart.close();
  });

  test('the live stream: messages, a reconnect after the connection was lost, the end', async () => {
    await run(
      tab,
      `window.seen = []; window.states = []; window.stop = new AbortController();
       window.stream = make().stream({ signal: stop.signal, onStatus: ({ state }) => states.push(state) });
       (async () => { for await (const message of stream) seen.push(message); })();`,
    );
    const types = () => run<string[]>(tab, 'return seen.map(({ type }) => type);');
    await expect.poll(types).toContain('connection_established');
    const [first] = await notify(agency.app, 'branch1');
    await expect.poll(types).toContain('notification_message');
    await context.setOffline(true);
    agency.app.app.server.server.closeAllConnections();
    await expect.poll(() => run<string[]>(tab, 'return states;')).toContain('waiting');
    const [missed] = await notify(agency.app, 'branch1');
    await context.setOffline(false);
    const ids =
      "return seen.flatMap((message) => message.type === 'notification_message' ? [message.notification.id] : []);";
    await expect.poll(() => run<number[]>(tab, ids)).toEqual([first, missed]);
    expect(
      await run(
        tab,
        'stop.abort(); await new Promise((go) => setTimeout(go, 50)); return stream.error.kind;',
      ),
    ).toBe('aborted');
  });

  test('an upload tells how far it is, and ends when it should', async () => {
    const devTools = await context.newCDPSession(tab);
    const slowly = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 10_000_000 };
    await devTools.send('Network.enable');
    await devTools.send('Network.emulateNetworkConditions', slowly);
    const sent = await run<{ seen: { bytes: number; total: number }[]; kind: string; row_count: number }>(
      tab,
      `const client = make();
       const rows = Array.from({ length: 60000 }, (_, row) => 'Maya' + row + ',Sharma,' + 'x'.repeat(50));
       const file = new File([['first_name,last_name,note', ...rows].join('\\n')], 'list.csv', { type: 'text/csv' });
       const seen = [];
       const onProgress = (progress) => seen.push(progress);
       const made = dataOf(await client.upload('/api/v1/client-imports/', { body: { file }, onProgress }));
       const stop = new AbortController();
       const ended = await client.upload('/api/v1/client-imports/', {
         body: { file }, signal: stop.signal, onProgress: () => stop.abort() });
       return { seen, kind: ended.error.kind, row_count: made.row_count };`,
    );
    expect(sent.row_count).toBe(60_000);
    expect(sent.seen.length).toBeGreaterThan(1);
    expect(sent.seen.at(-1)?.bytes).toBe(sent.seen.at(-1)?.total);
    expect(sent.kind).toBe('aborted');
  });

  test('an upload that is led elsewhere fails, and the token stays', async () => {
    const { origin } = new URL(tab.url());
    const cors = {
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-allow-methods': 'POST',
    };
    const anybody = { ...cors, 'access-control-allow-origin': '*' };
    const elsewhere = await serve((_request, response) => response.writeHead(200, anybody).end('{}'));
    const { url } = await serve(({ method }, response) =>
      response.writeHead(method === 'OPTIONS' ? 200 : 307, { ...cors, location: `${elsewhere.url}/x` }).end(),
    );
    const kind = await run(
      tab,
      `const client = new LeopardClient({ baseUrl: given.url, store: webStore(localStorage) });
       const body = { file: new File(['x'], 'x.csv') };
       const sent = await client.upload('/api/v1/client-imports/', { body, onProgress: () => undefined });
       const plain = await client.upload('/api/v1/client-imports/', { body });
       return [sent.error.kind, sent.error.reason, plain.error.reason];`,
      { url },
    );
    expect(kind).toEqual(['unexpected', 'redirect', 'redirect']);
    expect(elsewhere.seen.filter((request) => request.includes('Bearer'))).toEqual([]);
    await closeServers();
  });

  test('reads what the headers say: how long to wait, the name of a file', async () => {
    const code = `const guess = () => make().session.logIn({ username: 'consultant12', password: 'wrong' });
      await guess(); await guess();
      const { error } = await guess();
      const file = dataOf(await make().download('/api/v1/clients/export/'));
      return [error.kind, error.retryAfter > 60, /\\.csv$/.test(file.filename)];`;
    expect(await run(tab, code)).toEqual(['throttled', true, true]);
  });
});
