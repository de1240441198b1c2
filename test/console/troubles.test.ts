import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../helpers/app.js';
import { axeFaults, type ConsoleWorld, executable, signIn, startConsole } from './surroundings.js';

// What goes wrong while somebody works: nothing typed is lost, and the page says what to do.

let world: ConsoleWorld;
let token: string;
let client: number;

const browserTest = test.skipIf(!executable);
beforeAll(async () => {
  if (!executable) return;
  world = await startConsole();
  token = await world.app.logIn('admin');
  const body = { first_name: 'Maya', last_name: 'Rai', gender: 'FEMALE', country: 'NP', stage: 'LEAD' };
  client = (await world.app.ask('POST', '/api/v1/clients/', { token, body })).body.id;
});
afterAll(async () => {
  await world?.close();
});

async function openForm() {
  const tab = await world.open(`clients/${client}`);
  await signIn(tab.page);
  await tab.page.getByLabel('Phone').waitFor();
  return tab;
}

browserTest('a session that ends in the middle of a form asks for the password, and goes on', async () => {
  const { page, problems } = await openForm();
  await page.getByLabel('Phone').fill('0411 111 111');
  // As when an administrator ends the session.
  const answer = await world.app.ask('POST', '/api/v1/sessions/end-all/', { token });
  expect(answer.status).toBeLessThan(300);
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: 'Please sign in again' });
  await dialog.waitFor();
  expect(await axeFaults(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  expect(await dialog.isVisible()).toBe(true);
  await dialog.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Saved.').waitFor();
  token = await world.app.logIn('admin');
  expect((await world.app.ask('GET', `/api/v1/clients/${client}/`, { token })).body.phone_number).toBe(
    '0411 111 111',
  );
  expect(problems).toEqual([]);
  await page.context().close();
});

browserTest('a second tab that signs out leaves what is typed in the first', async () => {
  const { page } = await openForm();
  await page.getByLabel('Phone').fill('0422 222 222');
  const second = await world.open('', page.context());
  await second.page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor();
  await second.page.keyboard.press('Control+k');
  await second.page.keyboard.type('Sign out');
  await second.page.keyboard.press('Enter');
  await second.page.getByLabel('Password').waitFor();
  await page.getByRole('dialog', { name: 'Please sign in again' }).getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  expect(await page.getByLabel('Phone').inputValue()).toBe('0422 222 222');
  await second.page.getByRole('heading', { name: 'Clients', level: 1 }).waitFor(); // signed in there, too
  await page.context().close();
});

browserTest(
  'a server that is away is told by a banner, until it is back; drafts survive a reload',
  async () => {
    const { page } = await openForm();
    await page.getByLabel('Phone').fill('0433 333 333');
    await page.context().route('**/api/**', (route) => route.abort('connectionrefused'));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The server does not answer.').waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.context().unroute('**/api/**');
    await page.getByRole('button', { name: 'Try now' }).click();
    await expect.poll(() => page.getByText('The server does not answer.').count()).toBe(0);
    await page.reload();
    await page.getByText('Your unsaved changes are back').waitFor();
    expect(await page.getByLabel('Phone').inputValue()).toBe('0433 333 333');
    await page.getByRole('link', { name: 'Clients', exact: true }).first().click();
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await page.getByRole('button', { name: 'Stay' }).click();
    await page.getByRole('button', { name: 'Discard them' }).click();
    await expect
      .poll(() => page.getByLabel('Phone').inputValue(), { timeout: 5_000 })
      .not.toBe('0433 333 333');
    await page.context().close();
  },
);

browserTest('who saves second sees what the first has changed', async () => {
  const { page } = await openForm();
  await page.getByLabel('Phone').fill('0444 444 444');
  await world.app.ask('PATCH', `/api/v1/clients/${client}/`, {
    token,
    body: { phone_number: '0455 555 555', suburb: 'Elsewhere' },
  });
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: 'Somebody else has changed this record' });
  await dialog.waitFor();
  expect(await dialog.getByRole('row').allTextContents()).toEqual([
    'FieldWhen you opened itTheirs, savedYours',
    'Phone0411 111 1110455 555 5550444 444 444',
  ]);
  expect(await axeFaults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Save mine' }).click();
  await page.getByText('Saved.').waitFor();
  const { body } = await world.app.ask('GET', `/api/v1/clients/${client}/`, { token });
  expect([body.phone_number, body.suburb]).toEqual(['0444 444 444', 'Elsewhere']);
  await page.context().close();
});
