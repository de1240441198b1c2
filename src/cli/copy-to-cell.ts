import { cellOfTenant, handleOf } from '../database/cells.js';
import type { DatabaseHandle } from '../database/connections.js';
import { joinLines } from '../platform/join-lines.js';
import { copyToCell } from '../tenancy/cell-rows.js';
import type { CliContext } from './context.js';

/**
 * Copies a changed row of the catalogue, and its domains, into the tenant's cell, if it lives in a further one. A cell that
 * does not answer catches up later; the catalogue counts meanwhile.
 */
export async function copyToItsCell(
  context: CliContext,
  catalogue: DatabaseHandle,
  schema: string,
): Promise<void> {
  if (!catalogue.cells) return;
  const name = await cellOfTenant(catalogue, schema);
  if (name === null) return;
  try {
    const { owner } = handleOf(catalogue, name);
    if (!owner) throw new Error('it has no owner_url, which may change it');
    await copyToCell(catalogue.app, { name, settings: owner }, schema);
  } catch (error) {
    context.warn(
      `the cell ${name} was not told, and catches up when it can be (${joinLines((error as Error).message)}); see: leopard cells sync`,
    );
  }
}
