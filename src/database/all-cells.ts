import type { Database } from './database.js';
import type { Statement } from './statement.js';

/**
 * Runs a statement on `public` of the catalogue's database and of all further cells, for commands that show the work of all
 * tenants. Rows of a cell that does not answer are missing.
 * @param onMissing called with the name of such a cell
 * @throws the driver's errors where the catalogue's database does not answer
 */
export async function queryAllCells<Row>(
  catalogue: Database,
  query: Statement<Row>,
  onMissing: (cell: string) => void = () => undefined,
): Promise<Row[]> {
  const cells = [...(catalogue.cells?.all ?? [])];
  const further = Promise.all(
    cells.map(([name, cell]) =>
      cell.publicQuery(query).catch((): Row[] => {
        onMissing(name);
        return [];
      }),
    ),
  );
  const own = await catalogue.publicQuery(query);
  return [...own, ...(await further).flat()];
}
