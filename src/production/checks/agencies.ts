import { existsSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { isDirect } from '../../database/reachability.js';
import { LIVES_HERE_IF_KNOWN } from '../../database/served-tenants.js';
import { needsOf, PER_AGENCY } from '../agency-needs.js';
import { type Line, ok, type ProductionCheck, warning } from '../check.js';
import { connectionsNeeded } from '../connections-needed.js';

const MEBIBYTE = 1024 ** 2;
/** Agencies below which nothing of this matters. */
const FEW = 20;
/** A catalogue of this many times the usual size holds mostly what was dropped; PostgreSQL's own part, in bytes. */
const BLOATED = 3;
const OWN_CATALOGUE = 15 * MEBIBYTE;
/** Share of the machine's memory that the server may take. */
const SHARE = 0.8;
/** Share of agencies to come for which there must be files on the disk. */
const GROWTH = 0.25;

interface Facts {
  readonly agencies: number;
  readonly catalogue: number;
  readonly files: number;
  readonly sharedBuffers: number;
  readonly workers: number;
  readonly sync: string;
  readonly folder: string | null;
  readonly isHere: boolean;
}

const FACTS = `
  SELECT (SELECT count(*)::integer FROM public.tenants_tenant t WHERE ${LIVES_HERE_IF_KNOWN}) AS agencies,
    (SELECT sum(pg_total_relation_size(oid))::float8 FROM pg_catalog.pg_class
     WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared) AS catalogue,
    (SELECT count(*)::integer FROM pg_catalog.pg_class WHERE relfilenode <> 0) AS files,
    (SELECT setting::float8 * 8192 FROM pg_catalog.pg_settings WHERE name = 'shared_buffers') AS "sharedBuffers",
    current_setting('autovacuum_max_workers')::integer AS workers,
    current_setting('recovery_init_sync_method') AS sync,
    (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory') AS folder,
    coalesce(inet_server_addr() = inet_client_addr(), true) AS "isHere"`;

/** Surroundings that tests set. */
export interface AgenciesOptions {
  readonly few?: number;
  /** The number of agencies, instead of counting them. */
  readonly count?: number;
  /** Memory of the machine, in bytes. */
  readonly memory?: number;
}

/** Checks that the server is set for as many agencies as it has (docs/scale.md); locks are a check of their own. */
export function agencies({ few = FEW, memory = totalmem(), count }: AgenciesOptions = {}): ProductionCheck {
  return {
    name: 'agencies',
    async ask(client, { config, database }) {
      const { rows } = await client.query<Facts>(FACTS);
      const facts = { ...rows[0]!, ...(count !== undefined && { agencies: count }) };
      if (facts.agencies < few) return [ok(`${facts.agencies} agencies need no settings of the server`)];
      const isPooled = database !== null && !(await isDirect(database.app));
      const { pooled, listening } = connectionsNeeded(config);
      const needs = needsOf(facts.agencies, pooled + listening);
      const lines = [
        ...ofCatalogue(facts, needs.sharedBuffers),
        ...ofVacuum(facts, needs.autovacuumWorkers),
        ...ofFiles(facts, needs.syncfs),
        ...(facts.isHere && !isPooled ? ofMemory(facts, needs.connectionBytes, pooled, memory) : []),
      ];
      if (lines.length > 0) return lines;
      return [
        ok(`the server is set for ${facts.agencies} agencies (${inMegabytes(facts.catalogue)} of catalogue)`),
      ];
    },
  };
}

function ofCatalogue({ agencies: count, catalogue, sharedBuffers }: Facts, least: number): Line[] {
  const lines: Line[] = [];
  if (sharedBuffers < least)
    lines.push(
      warning(
        `the catalogue of ${count} agencies takes ${inMegabytes(catalogue)}, and shared_buffers are ${inMegabytes(sharedBuffers)}, so that it is read again and again`,
        `set shared_buffers = ${Math.ceil(least / MEBIBYTE)}MB or more and restart PostgreSQL`,
      ),
    );
  if (catalogue > BLOATED * (OWN_CATALOGUE + count * PER_AGENCY.catalogueBytes))
    lines.push(
      warning(
        `the catalogue takes ${inMegabytes(catalogue)}, where ${count} agencies need ${inMegabytes(count * PER_AGENCY.catalogueBytes)}: the rest is what dropped tables have left`,
        'as a superuser run VACUUM FULL pg_catalog.pg_attribute, and the same for pg_depend, pg_class, pg_constraint and pg_trigger, in a quiet hour: each is locked meanwhile',
      ),
    );
  return lines;
}

function ofVacuum({ agencies: count, workers }: Facts, least: number): Line[] {
  if (workers >= least) return [];
  return [
    warning(
      `${workers} workers of autovacuum look after the tables of ${count} agencies`,
      `set autovacuum_max_workers = ${least} (and autovacuum_worker_slots, if there are fewer) and restart PostgreSQL`,
    ),
  ];
}

function ofFiles({ agencies: count, files, sync, folder, isHere }: Facts, syncfs: boolean): Line[] {
  const lines: Line[] = [];
  if (syncfs && sync !== 'syncfs')
    lines.push(
      warning(
        `after a crash PostgreSQL opens each of its ${files} files before it starts, which takes minutes`,
        'set recovery_init_sync_method = syncfs, where the server runs on Linux, and reload PostgreSQL',
      ),
    );
  if (!isHere || folder === null || !existsSync(folder)) return lines;
  const { ffree, files: all } = statfsSync(folder);
  const more = Math.ceil(GROWTH * count) * PER_AGENCY.files;
  // File systems that make inodes as they need them tell of none.
  if (all > 0 && ffree < more)
    lines.push(
      warning(
        `the disk of PostgreSQL has room for ${ffree} more files, and each agency has ${PER_AGENCY.files}`,
        'move the data to a file system with more inodes',
      ),
    );
  return lines;
}

function ofMemory({ sharedBuffers }: Facts, each: number, connections: number, memory: number): Line[] {
  const needed = sharedBuffers + connections * each;
  if (needed <= SHARE * memory) return [];
  return [
    warning(
      `${connections} connections that have served all agencies take ${inMegabytes(each)} each, with shared_buffers ${inMegabytes(needed)} of this machine's ${inMegabytes(memory)}`,
      'give the machine more memory, or lower DB_POOL_SIZE or shared_buffers',
    ),
  ];
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}
