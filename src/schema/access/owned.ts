import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, ROLES, THIS_DATABASE } from './deviation.js';

const facts = (own: string) => `
  WITH ${ROLES}, own AS (${own})
  SELECT quote_ident(own.name) AS name, own.name = $1 AS "isProgram", count(*)::integer AS owned,
    min(i.type || ' ' || i.identity) AS example,
    (SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_catalog.pg_class
      WHERE oid = 'public.tenants_tenant'::regclass) AS owner
  FROM own JOIN pg_catalog.pg_shdepend d
    ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = own.oid AND d.deptype = 'o'
  LEFT JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i ON d.dbid IN (0, ${THIS_DATABASE})
  WHERE own.name = $1 OR d.dbid IN (0, ${THIS_DATABASE})
  GROUP BY own.name
  ORDER BY own.name <> $1, own.name`;

interface Facts {
  readonly name: string;
  readonly isProgram: boolean;
  readonly owned: number;
  /** One of the objects; null if all are in other databases. */
  readonly example: string | null;
  /** The owner of the program's tables. */
  readonly owner: string;
}

const PROGRAM = 'SELECT oid, name FROM program';
const OF_PROGRAM = facts(PROGRAM);
const OF_ALL = facts(`${PROGRAM} UNION ALL SELECT oid, name FROM tenant`);

/** Finds objects that belong to the program's role or to a tenant's, which own nothing. */
export const examineOwned = (client: OwnerClient, appUser: string) => examine(client, appUser, OF_ALL);

/** Finds objects that belong to the program's role, without looking through those of all tenants. */
export const examineOwnedByProgram = (client: OwnerClient, appUser: string) =>
  examine(client, appUser, OF_PROGRAM);

async function examine(client: OwnerClient, appUser: string, sql: string): Promise<Deviation[]> {
  const { rows } = await client.query<Facts>(sql, [appUser]);
  return rows.map(({ name, isProgram, owned, example, owner }) => ({
    text: `${name} owns ${owned} objects (${example ?? 'in other databases'}) and must own none`,
    statements: [`REASSIGN OWNED BY ${name} TO ${owner}`],
    voidsIsolation: isProgram,
  }));
}
