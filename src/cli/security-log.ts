import { type Command, Option } from 'commander';
import { SECURITY_EVENT_KINDS, type SecurityEventKind } from '../auth/security-kinds.js';
import { sql } from '../database/sql.js';
import { oneLine } from '../platform/one-line.js';
import { atTenant } from './at-tenant.js';
import type { CliContext } from './context.js';
import { parseId } from './id-argument.js';
import { formatTable } from './table.js';

interface Options {
  readonly kind?: SecurityEventKind;
  readonly user?: string;
  readonly address?: string;
  readonly limit: number;
  readonly json?: boolean;
}

interface ListedEvent {
  readonly id: number;
  readonly at: string;
  readonly kind: string;
  readonly username: string | null;
  readonly actor: string | null;
  readonly address: string | null;
  readonly count: number;
  readonly detail: object | null;
}

/** Adds `leopard security-log`, which lists a tenant's security log. */
export function addSecurityLogCommand(program: Command, context: CliContext): void {
  program
    .command('security-log')
    .description('list the newest events of the security log of a tenant')
    .argument('<tenant>', 'short name or schema')
    .addOption(new Option('--kind <kind>', 'only these').choices(Object.keys(SECURITY_EVENT_KINDS)))
    .option('--user <username>', 'only about this user, or a name that was tried')
    .option('--address <address>', 'only from this address')
    .option('--limit <number>', 'maximum number', parseId, 50)
    .option('--json', 'print JSON')
    .action((tenant: string, options: Options) => list(context, tenant, options));
}

async function list(context: CliContext, tenant: string, options: Options): Promise<void> {
  const { kind = null, user = null, address = null, limit, json } = options;
  const events = await atTenant(context, tenant, (transaction) =>
    transaction.query(sql<ListedEvent>`
      SELECT id, at, kind, user_id, username, actor_id, actor, address, agent, request_id, session_id, count, last_at, detail
      FROM security_event
      WHERE (${kind}::text IS NULL OR kind = ${kind}) AND (${user}::text IS NULL OR username = ${user})
        AND (${address}::text IS NULL OR address = ${address})
      ORDER BY at DESC, id DESC LIMIT ${limit}::bigint`),
  );
  context.show(json, events, () => lines(events));
}

function lines(events: readonly ListedEvent[]): string[] {
  if (events.length === 0) return ['there is no such event'];
  return formatTable(
    ['AT', 'KIND', 'USER', 'BY', 'ADDRESS', 'COUNT', 'DETAIL'],
    events.map(({ at, kind, username, actor, address, count, detail }) => [
      at.slice(0, 19),
      kind,
      oneLine(username ?? '-', 40),
      actor ?? '-',
      address ?? '-',
      String(count),
      detail ? oneLine(JSON.stringify(detail), 100) : '',
    ]),
  );
}
