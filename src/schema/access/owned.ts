import type { OwnerClient } from '../../database/owner.js';
import { type Deviation, OWNER_OF_TABLES, ROLES, THIS_DATABASE } from './deviation.js';

const factsOf = (roles: 'program' | 'own') => `
  WITH ${ROLES}
  SELECT quote_ident(r.name) AS name, r.name = $1 AS "isProgram", count(*)::integer AS owned,
    min(i.type || ' ' || i.identity) AS example,
    quote_ident(pg_get_userbyid(${OWNER_OF_TABLES})) AS owner
  FROM ${roles} AS r JOIN pg_catalog.pg_shdepend d
    ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
  LEFT JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i ON d.dbid IN (0, ${THIS_DATABASE})
  WHERE r.name = $1 OR d.dbid IN (0, ${THIS_DATABASE})
  GROUP BY r.name
  ORDER BY r.name <> $1, r.name`;

interface Facts {
  readonly name: string;
  readonly isProgram: boolean;
  readonly owned: number;
  /** One of the objects; null if all are in other databases. */
  readonly example: string | null;
  /** The owner of the program's tables. */
  readonly owner: string;
}

/** Finds objects that belong to the program's role or to a tenant's, which own nothing. */
export const examineOwned = (client: OwnerClient, appUser: string) =>
  examine(client, appUser, factsOf('own'));

/** Finds objects that belong to the program's role, without looking through those of all tenants. */
export const examineOwnedByProgram = (client: OwnerClient, appUser: string) =>
  examine(client, appUser, factsOf('program'));

async function examine(client: OwnerClient, appUser: string, sql: string): Promise<Deviation[]> {
  const { rows } = await client.query<Facts>(sql, [appUser]);
  return rows.map(({ name, isProgram, owned, example, owner }) => ({
    text: `${name} owns ${owned} objects (${example ?? 'in other databases'}) and must own none`,
    statements: [`REASSIGN OWNED BY ${name} TO ${owner}`],
    voidsIsolation: isProgram && example !== null, // in other databases there are no tenants
  }));
}
