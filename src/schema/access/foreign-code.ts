import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, ROLES } from './deviation.js';

// The program's own functions lie in public and in the tenants' schemas, and are compared there.
const DEFINERS = `
  WITH ${ROLES}
  SELECT p.oid::regprocedure::text AS name, quote_ident(pg_get_userbyid(p.proowner)) AS owner
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prosecdef AND n.nspname NOT IN ('public', 'pg_catalog', 'information_schema') AND n.nspname !~ '^tenant_[a-z]'
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    AND EXISTS (
      SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      WHERE a.grantee = 0 OR a.grantee IN (SELECT oid FROM own))
    AND EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.grantee = 0 OR a.grantee IN (SELECT oid FROM own))
  ORDER BY 1`;

const EVENT_TRIGGERS = `
  SELECT quote_ident(t.evtname) AS name, t.evtfoid::regprocedure::text AS function
  FROM pg_catalog.pg_event_trigger t
  WHERE t.evtenabled <> 'D' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  ORDER BY 1`;

/**
 * Finds code of others that runs with the rights of its owner: functions of other schemas that the program or a tenant
 * may call, and triggers on changes of tables. Extensions' own are left out.
 */
export async function examineForeignCode(client: OwnerClient, appUser: string): Promise<Deviation[]> {
  const definers = await client.query<{ name: string; owner: string }>(DEFINERS, [appUser]);
  const triggers = await client.query<{ name: string; function: string }>(EVENT_TRIGGERS);
  return [
    ...definers.rows.map(({ name, owner }) => ({
      text: `function ${name} runs with the rights of ${owner}, and everybody or the program may call it`,
      statements: [`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`],
    })),
    ...triggers.rows.map(({ name, function: runs }) => ({
      text: `event trigger ${name} runs ${runs} with the rights of whoever changes tables, such as the owner`,
      statements: [`DROP EVENT TRIGGER ${name}`],
    })),
  ];
}
