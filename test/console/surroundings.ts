import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { sql } from '../../src/database/sql.js';
import { findChromium, startBrowser } from '../contract/browser.js';
import { PASSWORD, startTestApp, type TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const REPORT = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('Content Security Policy: ' + event.violatedDirective + ' ' + event.blockedURI))`;

export const executable = findChromium();

/** A tab of the console, with everything that went wrong in it. */
export interface Tab {
  readonly page: Page;
  /** Uncaught errors, violations of the content security policy, and answers of the class 500. */
  readonly problems: string[];
}

export interface ConsoleWorld {
  readonly app: TestApp;
  readonly browser: Browser;
  /** Address of the console at the agency `main`. */
  readonly base: string;
  /** Opens a tab, in a context of its own or in one given. */
  open(path?: string, context?: BrowserContext): Promise<Tab>;
  close(): Promise<void>;
}

/** Starts the program with the staff of most tests, and one browser. */
export async function startConsole(): Promise<ConsoleWorld> {
  const app = await startTestApp();
  await seedStaff(app);
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, (transaction) =>
    transaction.query(
      sql`UPDATE immigration_user SET is_staff = true WHERE username IN ('admin', 'branch1')`,
    ),
  );
  const browser = await startBrowser(executable as string);
  const base = `http://main.localhost:${new URL(app.base).port}/admin/`;
  return {
    app,
    browser,
    base,
    async open(path = '', context) {
      const own = context ?? (await browser.newContext({ viewport: { width: 1200, height: 900 } }));
      const page = await own.newPage();
      page.setDefaultTimeout(20_000);
      const problems: string[] = [];
      await page.addInitScript({ content: REPORT });
      page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
      page.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) problems.push(message.text());
      });
      page.on('response', (response) => {
        if (response.status() >= 500) problems.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(base + path);
      return { page, problems };
    },
    async close() {
      await browser.close();
      await app.close();
    },
  };
}

/** Signs in at the page of the log-in. */
export async function signIn(page: Page, username = 'admin'): Promise<void> {
  await page.getByLabel('Username or e-mail').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
}

/** Returns the faults of accessibility that axe finds on the page: impact, rule and places. */
export async function axeFaults(page: Page): Promise<string[]> {
  // By the developer's protocol, which the page's policy does not concern.
  await page.evaluate(AXE);
  return await page.evaluate(async (rules) => {
    const { axe } = globalThis as unknown as {
      axe: { run(root: unknown, options: object): Promise<{ violations: AxeViolation[] }> };
    };
    const { violations } = await axe.run((globalThis as unknown as { document: unknown }).document, {
      runOnly: rules,
    });
    return violations.map(
      ({ impact, id, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target).join(' | ')}`,
    );
  }, RULES);
}

interface AxeViolation {
  readonly impact: string;
  readonly id: string;
  readonly nodes: readonly { readonly target: string }[];
}
