import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { installedPackage } from './packed.js';

const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', mjs: 'text/javascript' };
const MODULES = {
  'leopard-client': '/leopard-client/dist/index.js',
  'openapi-fetch': '/openapi-fetch/dist/index.mjs',
};
const PAGE = `<!doctype html><title>Front end</title><script type="importmap">${JSON.stringify({ imports: MODULES })}</script>`;

/** An agency's front end, at an origin of its own, with the published package. */
export interface FrontEnd {
  /** Opens a tab. Those of one context share their storage. */
  open(context: BrowserContext | Browser): Promise<Page>;
  close(): Promise<void>;
}

/** Serves the package and an empty page, as a site without a bundler would. */
export async function serveFrontEnd(): Promise<FrontEnd> {
  const modules = join(await installedPackage(), 'node_modules');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const ending = pathname.split('.').at(-1) ?? '';
    if (pathname === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (!(ending in TYPES)) response.writeHead(404).end();
    else
      readFile(join(modules, pathname)).then(
        (bytes) => response.setHeader('content-type', TYPES[ending] ?? '').end(bytes),
        () => response.writeHead(404).end(),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    async open(context) {
      const page = await context.newPage();
      await page.goto(`http://main-immigrate.localhost:${port}/`);
      return page;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
