import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ARGUMENTS = [
  '--no-sandbox', // as root, in a container, it does not start otherwise
  '--headless',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Returns the path of a Chromium installed on this machine; undefined when there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

/** Starts a browser, which the caller must close. It resolves `*.localhost` to 127.0.0.1. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: ARGUMENTS, chromiumSandbox: false, timeout: TIMEOUT });
}

/** Maximum time that a page takes, even the first of a browser on a busy machine; in milliseconds. */
const TIMEOUT = 100_000;

const REPORT_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('Content Security Policy: ' + event.violatedDirective + ' ' + event.blockedURI))`;

export interface Visit {
  /** Error messages of the console, uncaught errors, violations of the content security policy, failed requests. */
  readonly problems: string[];
  /** The origin of every request, including those that the policy refused. */
  readonly origins: Set<string>;
  /** The visible text of the page. */
  readonly text: string;
}

/** Opens a page, waits until `ready` (a CSS selector) is visible, and returns what happened. */
export async function visit(browser: Browser, url: string, ready: string): Promise<Visit> {
  const page = await browser.newPage();
  const problems: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
      problems.push(`console: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  const underWay = new Set<unknown>();
  page.on('requestfailed', (request) => {
    underWay.delete(request);
    problems.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('requestfinished', (request) => underWay.delete(request));
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!protocol.startsWith('http')) return;
    origins.add(origin);
    underWay.add(request);
  });
  await page.addInitScript({ content: REPORT_VIOLATIONS });
  try {
    page.setDefaultTimeout(TIMEOUT);
    await page.goto(url);
    await page.locator(ready).first().waitFor({ state: 'visible' });
    await quiet(underWay);
    // biome-ignore lint/performance/useDomNodeTextContent: only what is visible counts
    return { problems, origins, text: await page.locator('body').innerText() };
  } finally {
    await page.close();
  }
}

const QUIET_FOR_MS = 500;

/** Waits until no request has been under way for a while. The browser's own event for it did not always come. */
async function quiet(underWay: ReadonlySet<unknown>): Promise<void> {
  const late = Date.now() + TIMEOUT;
  for (let since = Date.now(); Date.now() - since < QUIET_FOR_MS; await sleep(20)) {
    if (underWay.size > 0) since = Date.now();
    if (Date.now() > late) throw new Error(`${underWay.size} requests do not end`);
  }
}
