import type { CurrentUser } from '../../auth/current-user.js';
import { isSameText, isText } from '../../database/same-text.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { claimName } from '../shared/unique-name.js';
import type { AgentCreateInput, AgentOutput, AgentUpdateInput } from './schemas.js';
import { agents } from './selectors.js';

/** Creates an agent. @throws HttpError 400 when another agent has the name */
export async function createAgent(
  transaction: TenantTransaction,
  user: CurrentUser,
  input: AgentCreateInput,
): Promise<Pending<AgentOutput>> {
  await checkName(transaction, input.agent_name);
  return agents.insert(transaction, user, stored(input));
}

/** Changes the given fields of an agent. @throws HttpError 404, 400 */
export async function updateAgent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<AgentUpdateInput>,
): Promise<Pending<AgentOutput>> {
  const agent = await agents.lock(transaction, id);
  const input = body.read();
  if (input.agent_name !== undefined && !isSameText(input.agent_name, agent.agent_name)) {
    await checkName(transaction, input.agent_name);
  }
  return agents.update(transaction, user, id, stored(input));
}

/** Deletes an agent softly: clients and applications still name it. @throws HttpError 404 */
export async function deleteAgent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  await agents.lock(transaction, id);
  agents.delete(transaction, user, id);
}

/** Restores a deleted agent. @throws HttpError 404; 400 when another agent has taken the name */
export async function restoreAgent(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<Pending<AgentOutput>> {
  const agent = await agents.lockDeleted(transaction, id);
  await checkName(transaction, agent.agent_name);
  return agents.restore(transaction, user, id);
}

/** Returns the values to store: without an e-mail address null, not an empty text. */
function stored<Input extends AgentUpdateInput>(input: Input) {
  return { ...input, ...(input.email === '' && { email: null }) };
}

async function checkName(transaction: TenantTransaction, name: string): Promise<void> {
  const taken = sql<boolean>`EXISTS (SELECT FROM immigration_agent WHERE ${isText('agent_name', name)} AND deleted_at IS NULL)`;
  await claimName(transaction, 'agent', name, taken, () =>
    detailError(400, `Agent with name '${name}' already exists`),
  );
}
