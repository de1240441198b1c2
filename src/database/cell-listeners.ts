import type { CellDatabases } from './cell-databases.js';
import type { Channel } from './channels.js';
import type { Listener } from './listener.js';

/** The database's notices, as their users see them. */
export interface Notices extends Pick<Listener, 'healthy' | 'on'> {
  /** Returns whether the notices of a tenant arrive, where that depends on its cell. */
  healthyAt?(schema: string): boolean;
}

/** The notices of the catalogue and of all further cells. */
export class CellListeners implements Notices {
  constructor(
    private readonly catalogue: Listener,
    private readonly cells: ReadonlyMap<string, Listener>,
    private readonly databases: CellDatabases,
  ) {}

  /** Whether the catalogue's notices arrive. */
  get healthy(): boolean {
    return this.catalogue.healthy;
  }

  healthyAt(schema: string): boolean {
    const cell = this.databases.cellOf(schema);
    return this.catalogue.healthy && (cell === undefined || this.healthyIn(cell));
  }

  /** Returns whether the notices of a cell arrive. */
  healthyIn(cell: string): boolean {
    return this.cells.get(cell)?.healthy ?? false;
  }

  on(channel: Channel, handler: (payload: string) => void): void {
    for (const listener of [this.catalogue, ...this.cells.values()]) listener.on(channel, handler);
  }

  /** Returns the notices of the tenants of one cell: its own, and the catalogue's about tenants. */
  ofCell(cell: string): Notices {
    const own = this.cells.get(cell);
    const { catalogue } = this;
    return {
      get healthy() {
        return catalogue.healthy && own?.healthy === true;
      },
      on(channel, handler) {
        own?.on(channel, handler);
        catalogue.on(channel, handler);
      },
    };
  }

  /** Connects the further cells' listeners; one that cannot connect goes on trying, and nobody waits for it. */
  start(): void {
    for (const listener of this.cells.values()) void listener.start();
  }

  /** Closes the further cells' listeners. */
  async close(): Promise<void> {
    await Promise.all([...this.cells.values()].map((listener) => listener.close()));
  }
}
