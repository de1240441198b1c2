import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { PACKAGE_ROOT } from '../src/platform/package-root.js';
import { findChromium, startBrowser } from '../test/contract/browser.js';

// npm run screenshots: takes the pictures of docs/console.md from a running program with the demonstration data:
// node --import tsx bench/screenshots.ts [http://main.localhost:8000]

const base = process.argv[2] ?? 'http://main.localhost:8000';
const folder = join(PACKAGE_ROOT, 'console', 'screenshots');
const executable = findChromium();
if (!executable) throw new Error('Chromium is not installed');

/** A screen: its path, what must be visible first, and what is done before. */
interface Screen {
  readonly name: string;
  readonly path?: string;
  readonly prepare?: (page: Page) => Promise<unknown>;
  readonly width?: number;
  readonly dark?: boolean;
}

const firstClient = (page: Page) => page.locator('tbody a').first().click();
const SCREENS: readonly Screen[] = [
  { name: 'list', path: 'clients' },
  { name: 'list-dark', path: 'clients', dark: true },
  { name: 'list-narrow', path: 'clients', width: 360 },
  { name: 'list-filtered', path: 'clients?stage=LEAD&active=true' },
  {
    name: 'selection',
    path: 'clients',
    prepare: (page) => page.getByLabel('Select this page').check(),
  },
  { name: 'client', path: 'clients', prepare: firstClient },
  {
    name: 'application',
    path: 'clients',
    prepare: async (page) => {
      await firstClient(page);
      await page.getByRole('button', { name: 'Add a visa application' }).click();
    },
  },
  { name: 'commands', path: 'clients', prepare: (page) => page.keyboard.press('Control+k') },
  { name: 'help', path: 'clients', prepare: (page) => page.keyboard.press('?') },
];

mkdirSync(folder, { recursive: true });
const browser = await startBrowser(executable);
try {
  for (const dark of [false, true]) {
    const context = await browser.newContext({ colorScheme: dark ? 'dark' : 'light' });
    const page = await context.newPage();
    await page.setViewportSize({ width: 1200, height: 800 });
    await page.goto(`${base}/admin/`);
    await page.getByLabel('Password').waitFor();
    if (!dark) await take(page, 'sign-in');
    await page.getByLabel('Username or e-mail').fill('admin@main.com');
    await page.getByLabel('Password').fill('admin123');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    for (const { name, path = '', prepare, width = 1200 } of SCREENS.filter(
      (each) => (each.dark ?? false) === dark,
    )) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${base}/admin/${path}`);
      await page.locator('tbody tr').first().waitFor();
      await prepare?.(page);
      await take(page, name);
    }
    await context.close();
  }
} finally {
  await browser.close();
}

async function take(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`console/screenshots/${name}.png`);
}
