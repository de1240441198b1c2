import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CLASSIFIED_TABLES } from '../../src/backup/anonymised-columns.js';
import { withOwner } from '../../src/database/owner.js';
import { qualified, quoteIdentifier } from '../../src/database/schema-name.js';
import type { TestDatabase } from '../helpers/database.js';

/** Begins every value of a marked agency that is a person's or a secret. */
export const MARK = 'Zq7Personal';
/** The id of its row in every table, and of every row that those refer to. */
const ID = 900;
/** A person's birthday. */
export const BIRTHDAY = '1977-03-04';
export const MARKED_FILE = 'profile-pictures/9a1b2c3d-0000-4000-8000-000000000009.png';

/** Values that the tables' conditions ask for. */
const GIVEN: Readonly<Record<string, string>> = {
  'account_link.purpose': "'reset'",
  'audit_entry.operation': "'create'",
  'client_import.status': "'DRAFT'",
  'client_import.other_name': "'create'",
  'client_import_row.outcome': "'CREATED'",
  'delivery.kind': "'webhook'",
  'delivery.status': "'SENT'",
  'immigration_event.tenant_schema': "'tenant_main'",
  'immigration_event.status': "'COMPLETED'",
  'immigration_profilepicture.file': `'${MARKED_FILE}'`,
  'immigration_task.branch_id': 'NULL',
  'security_event.kind': "'log_in'",
  'user_session.ended_at': 'NULL',
  'user_session.end_reason': 'NULL',
  'webhook_endpoint.event_types': "'[]'",
};

function valueFor(table: string, column: string, type: string): string {
  const given = GIVEN[`${table}.${column}`];
  if (given !== undefined) return given;
  const classified = CLASSIFIED_TABLES[table];
  const isPersonal = classified === 'emptied' || (classified?.[column] ?? 'kept') !== 'kept';
  const text = isPersonal ? `${MARK} ${table}.${column}` : 'public';
  const [, length] = /\((\d+)\)/.exec(type) ?? [];
  if (type.startsWith('character varying') || type === 'text')
    return `'${text.slice(0, Number(length ?? 1_000))}'`;
  if (type === 'jsonb') return `'{"kept": "${text}"}'`;
  if (type === 'bytea') return `convert_to('${text}', 'UTF8')`;
  if (type === 'date') return `'${isPersonal ? BIRTHDAY : '2031-05-06'}'`;
  if (type === 'boolean') return 'true';
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type.startsWith('timestamp')) return 'now()';
  if (type.startsWith('time ')) return "'10:00'";
  if (type === 'interval') return "'1 hour'";
  if (type === 'xid8') return "'5'";
  if (type === 'bigint[]') return `'{${ID}}'`;
  return column === 'id' || column.endsWith('_id') ? String(ID) : '1';
}

/**
 * Fills the tenant `main` with one row in every table, in which each value that is a person's or a secret bears the mark,
 * and a file with it; nothing is captured, audited or counted of that.
 */
export async function markAgency({ admin }: TestDatabase, mediaDirectory: string): Promise<void> {
  await withOwner(admin, async (client) => {
    const { rows } = await client.query<{ name: string; columns: [string, string][] }>(
      `SELECT c.relname AS name, json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY attnum) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
       WHERE relnamespace = 'tenant_main'::regnamespace AND relkind = 'r' GROUP BY 1 ORDER BY 1`,
    );
    await client.query('SET session_replication_role TO replica');
    for (const { name, columns } of rows) {
      const names = columns.map(([column]) => quoteIdentifier(column)).join(', ');
      const values = columns.map(([column, type]) => valueFor(name, column, type)).join(', ');
      await client.query(`INSERT INTO ${qualified('tenant_main', name)} (${names}) VALUES (${values})`);
    }
    await client.query(
      `UPDATE public.tenants_tenant SET contact_email = '${MARK}@a.example', contact_phone = '${MARK}',
         settings = settings || '{"time_zone": "Asia/Kathmandu",
           "email": {"enabled": true, "password": "${MARK}"}, "branding": {"address": "${MARK}"}}'
       WHERE schema_name = 'tenant_main'`,
    );
    await client.query(
      `INSERT INTO public.event_pause (schema_name, reason) VALUES ('tenant_main', '${MARK} asked for it')`,
    );
  });
  const file = join(mediaDirectory, 'tenant_main', MARKED_FILE);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `a picture of ${MARK}`);
}
