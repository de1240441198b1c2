import { diagnoseBackups } from '../backup/diagnosis.js';
import { backupsOfCell } from '../backup/scheduled-backups.js';
import type { Config } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { type Finding, ok, problem, type Result } from '../database/finding.js';
import { withConnection } from '../database/reachability.js';
import { listed } from '../database/tenant-diagnosis.js';
import { joinLines } from '../platform/join-lines.js';
import { diagnose } from '../schema/diagnosis.js';
import { diagnoseRetention } from '../schema/log-retention.js';
import { compareCell } from '../tenancy/cell-rows.js';
import { diagnoseTenants } from '../tenancy/diagnosis.js';

/** Checks each further cell as the catalogue's own database, and whether its tenants are those of the catalogue. */
export async function diagnoseCells(catalogue: DatabaseHandle, config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, handle } of catalogue.cells ?? []) {
    const found = await diagnoseCell(catalogue, { name, handle }, config).catch((error: Error) => [
      { check: 'connection', ...problem(`its tenants are answered 503: ${joinLines(error.message)}`) },
    ]);
    findings.push(...found.map((finding) => ({ ...finding, check: `${name}: ${finding.check}` })));
  }
  return findings;
}

async function diagnoseCell(
  catalogue: DatabaseHandle,
  { name, handle }: { readonly name: string; readonly handle: DatabaseHandle },
  config: Config,
): Promise<Finding[]> {
  await withConnection(handle.app, (client) => client.query('SELECT 1'));
  return [
    { check: 'catalogue', ...(await compare(catalogue, name, handle).catch(failed)) },
    ...(await diagnose(handle)),
    ...(await diagnoseTenants(handle, config)),
    await diagnoseRetention(handle.app, config),
    ...(await diagnoseBackups(handle, backupsOfCell(config, name))),
  ];
}

function failed({ message }: Error): Result {
  return problem(`${joinLines(message)}; run: leopard migrate`);
}

async function compare(catalogue: DatabaseHandle, name: string, { app }: DatabaseHandle): Promise<Result> {
  const { different, missing, surplus } = await compareCell(catalogue.app, { name, settings: app });
  const found = [
    ...missing.map((schema) => `it has no row of ${schema}, which is answered 503`),
    ...surplus.map((schema) => `it works for ${schema}, which the catalogue does not place there`),
    ...different.map((schema) => `its row of ${schema} differs from the catalogue's: leopard cells sync`),
  ];
  return found.length === 0 ? ok('its tenants are those of the catalogue') : problem(listed(found));
}
