import type { ServerResponse } from 'node:http';
import type { CellDatabases } from '../database/cell-databases.js';
import type { CellListeners, Notices } from '../database/cell-listeners.js';
import type { StreamHub, StreamRequest } from './hub.js';

/** A hub, as its users see it. */
export type Hub = Pick<StreamHub, 'size' | 'isClosed' | 'open' | 'leave' | 'close'>;

interface Cells {
  readonly databases: Pick<CellDatabases, 'all'>;
  readonly listeners: Notices & Pick<CellListeners, 'ofCell'>;
}

/** Returns a hub for the catalogue's own database and one for each further cell. */
export function hubsOfCells(cells: Cells, newHub: (notices: Notices) => StreamHub): Hub {
  const names = [...cells.databases.all.keys()];
  const hubs = names.map((name) => [name, newHub(cells.listeners.ofCell(name))] as const);
  return new CellHubs(newHub(cells.listeners), new Map(hubs));
}

/** The hub of each cell: a cell's notices, or their absence, concern the streams of its own tenants. */
class CellHubs implements Hub {
  constructor(
    private readonly main: StreamHub,
    private readonly cells: ReadonlyMap<string, StreamHub>,
  ) {}

  get #all(): StreamHub[] {
    return [this.main, ...this.cells.values()];
  }

  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0);
  }

  get isClosed(): boolean {
    return this.main.isClosed;
  }

  /** Opens a stream; see StreamHub. */
  async open(request: StreamRequest, begin: () => ServerResponse): Promise<boolean> {
    const { cell } = request.tenant;
    return await (this.cells.get(cell ?? '') ?? this.main).open(request, begin);
  }

  /** Ends every stream because the process is about to stop. */
  async leave(): Promise<void> {
    await Promise.all(this.#all.map((hub) => hub.leave()));
  }

  /** Ends every stream and accepts no more. */
  close(): void {
    for (const hub of this.#all) hub.close();
  }
}
