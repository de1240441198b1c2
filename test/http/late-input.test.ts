import { expect, test } from 'vitest';
import type { CurrentUser } from '../../src/auth/current-user.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import type { LateInput } from '../../src/http/fields/body.js';
import type { AgentCreateInput, AgentUpdateInput } from '../../src/immigration/agents/schemas.js';
import { createAgent, updateAgent } from '../../src/immigration/agents/services.js';
import { startTestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

test('a record that does not exist answers before its input', async () => {
  const app = await startTestApp();
  await seedStaff(app);
  const token = await app.logIn('admin');
  const wrong = { body: { name: '' }, token };
  const created = await app.ask('POST', '/api/v1/regions/', { body: { name: 'Here' }, token });
  const { id } = created.body as { id: number };
  expect((await app.ask('PATCH', `/api/v1/regions/${id}/`, wrong)).status).toBe(400);
  expect((await app.ask('PATCH', `/api/v1/regions/${id + 1}/`, wrong)).status).toBe(404);
  await app.close();
});

test('input that is read late is no input', () => {
  // Never run: `npm run check` reports a line below that does compile.
  const misuse = (transaction: TenantTransaction, user: CurrentUser, late: LateInput<AgentCreateInput>) => {
    // @ts-expect-error it has to be read first
    createAgent(transaction, user, late);
    // @ts-expect-error … and is not a function
    late();
    const read: AgentUpdateInput = late.read();
    // @ts-expect-error a change finds the record first, so it takes input that is not read yet
    updateAgent(transaction, user, 1, read);
  };
  expect(misuse).toBeTypeOf('function');
});
