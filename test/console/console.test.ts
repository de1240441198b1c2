import { afterAll, beforeAll, expect, test } from 'vitest';
import { visaType } from '../helpers/samples/applications.js';
import { axeFaults, type ConsoleWorld, executable, signIn, startConsole, type Tab } from './surroundings.js';

const HOSTILE = `<img src=x onerror="document.title='owned'">‮gnp.exe😀&lt;b&gt;`;
const LONG = 'x'.repeat(10_000);

let world: ConsoleWorld;
let token: string;
let hostile: number;

const browserTest = test.skipIf(!executable);
beforeAll(async () => {
  if (!executable) return;
  world = await startConsole();
  token = await world.app.logIn('admin');
  const add = (first_name: string, more: object = {}) =>
    world.app.ask('POST', '/api/v1/clients/', {
      token,
      body: { first_name, last_name: 'Rai', gender: 'FEMALE', country: 'NP', stage: 'LEAD', ...more },
    });
  await world.app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, visaType);
  for (let made = 0; made < 30; made++) await add(`Maya${made}`);
  hostile = (await add(HOSTILE.slice(0, 100), { description: LONG + HOSTILE })).body.id;
});
afterAll(async () => {
  await world?.close();
});

/** Opens a page as somebody who is signed in. */
async function openAs(username: string, path = ''): Promise<Tab> {
  const tab = await world.open(path);
  await signIn(tab.page, username);
  return tab;
}

/** Returns the bytes of these files as they are sent to a browser that takes gzip alone. */
async function gzipped(paths: readonly string[]): Promise<number> {
  const headers = { 'accept-encoding': 'gzip' };
  const answers = await Promise.all(paths.map((path) => world.app.ask('GET', path, { headers })));
  return answers.reduce((sum, { raw }) => sum + raw.length, 0);
}

if (!executable) console.warn('Chromium is not installed: the console is not tried in a browser');

browserTest(
  'signs in, lists, filters, sorts out by the address, edits a client and shows the history',
  async () => {
    const files = new Set<string>();
    const tab = await world.open();
    const { page, problems } = tab;
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.startsWith('/admin/')) files.add(pathname);
    });
    await page.reload();
    expect(await axeFaults(page)).toEqual([]);
    await signIn(page);
    await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Maya29 Rai' }).waitFor();
    expect(await page.getByRole('status').filter({ hasText: 'in all' }).textContent()).toContain('31 in all');
    expect(await axeFaults(page)).toEqual([]);
    const first = await gzipped([...files]);
    expect(first).toBeGreaterThan(50_000);
    expect(first).toBeLessThan(200_000);

    await page.getByRole('searchbox', { name: 'Search' }).fill('Maya7');
    await expect.poll(() => page.url()).toContain('search=Maya7');
    await page.getByText('1 in all').waitFor();
    await page.getByRole('link', { name: 'Maya7 Rai' }).click();
    await page.getByRole('heading', { name: 'Maya7 Rai' }).waitFor();
    await page.getByLabel('Phone').fill('not a phone number, and too long');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Ensure this field has no more than 15 characters.').waitFor();
    await page.getByLabel('Phone').fill('0412 345 678');
    await page.getByRole('combobox', { name: 'Assigned to' }).fill('First branch1');
    await page.getByRole('option', { name: 'First branch1' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page
      .getByText(/^Change · /)
      .first()
      .click();
    await page.getByRole('cell', { name: '0412 345 678' }).waitFor();
    expect(await axeFaults(page)).toEqual([]);

    await page.getByRole('button', { name: 'Add a visa application' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: 'Visa type' }).fill('Sample');
    await dialog.getByRole('option', { name: 'Sample' }).click();
    expect(await axeFaults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: 'To be applied' }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  },
);

browserTest('shows whatever an agency has stored as text', async () => {
  const { page, problems } = await openAs('admin', `clients/${hostile}`);
  await page.getByRole('heading', { level: 1 }).filter({ hasText: '<img src=x' }).waitFor();
  expect(await page.getByLabel('Description').inputValue()).toBe(LONG + HOSTILE);
  expect(await page.title()).toBe('Leopard');
  expect(await page.locator('img').count()).toBe(0);
  await page.setViewportSize({ width: 320, height: 640 });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  expect(overflow).toBeLessThanOrEqual(0);
  await page.getByRole('link', { name: 'Clients', exact: true }).first().click();
  await page.getByRole('link', { name: '<img src=x' }).waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  expect(await axeFaults(page)).toEqual([]);
  expect(problems).toEqual([]);
  await page.context().close();
});

browserTest('keeps out who is no administrator, and says so', async () => {
  const { page } = await openAs('consultant1');
  await page.getByRole('heading', { name: 'This is for administrators' }).waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  await page.context().close();
});

browserTest('is used by the keyboard alone', async () => {
  const { page, problems } = await world.open();
  await page.getByLabel('Username or e-mail').focus();
  await page.keyboard.type('admin');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Passw0rd!23');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Help' }).waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Maya12');
  await page.getByRole('option', { name: 'Maya12 Rai' }).waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Maya12 Rai' }).waitFor();
  await page.keyboard.press('Tab'); // from the content to its first link
  await page.keyboard.press('Tab');
  await page.getByLabel('First name').focus();
  await page.keyboard.type('Mia');
  await page.keyboard.press('Enter');
  await page.getByText('Saved.').waitFor();
  expect(problems).toEqual([]);
  await page.context().close();
});
