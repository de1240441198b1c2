import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/database/database.js';
import { statement } from '../../src/database/statement.js';
import { CHANGE, type Scene } from './scene.js';

export interface LoadOptions {
  readonly writers?: number;
  readonly clients: number;
  /** Milliseconds between two changes of a writer. */
  readonly pause?: number;
  /** Number of changes of each client by each writer; without end by default. */
  readonly rounds?: number;
}

/**
 * Writers that change client after client as the program does, each on a connection of its own, until they are stopped.
 */
export class Load {
  /** Number of answered changes by client. */
  readonly acknowledged = new Map<number, number>();
  failures = 0;
  readonly #database: Database;
  readonly #writers: Promise<void>[];
  #stopped = false;

  private constructor(
    scene: Scene,
    private readonly options: LoadOptions,
  ) {
    const { writers = 4 } = options;
    this.#database = new Database(scene.app, { size: writers });
    this.#writers = Array.from({ length: writers }, (_, writer) => this.#write(writer));
  }

  static start(scene: Scene, options: LoadOptions): Load {
    return new Load(scene, options);
  }

  /** Waits until every writer has made its rounds. */
  async done(): Promise<void> {
    await Promise.all(this.#writers);
    await this.#database.close();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.done();
  }

  async #write(writer: number): Promise<void> {
    const { clients, pause = 0, writers = 4, rounds = Number.POSITIVE_INFINITY } = this.options;
    const first = Math.floor((writer * clients) / writers);
    for (let n = 0; n < rounds * clients && !this.#stopped; n++) {
      const client = 1 + ((first + n) % clients);
      try {
        await this.#database.tenantQuery(
          { schema: 'tenant_main', userId: null },
          statement(`${CHANGE} WHERE id = $1`, [client]),
        );
        this.acknowledged.set(client, (this.acknowledged.get(client) ?? 0) + 1);
      } catch {
        this.failures++; // whether it was committed is unknown
        await sleep(20);
      }
      if (pause > 0) await sleep(pause);
    }
  }
}
