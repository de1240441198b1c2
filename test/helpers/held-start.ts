import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ConnectionSettings } from '../../src/config/config.js';

/** A way to the database on which operations on tenants wait just before they begin. */
export interface HeldStart {
  /** Settings of the same database and role, by that way. */
  readonly settings: ConnectionSettings;
  /** Resolves when an operation waits. */
  readonly waits: Promise<void>;
  /** Lets it begin. */
  goOn(): void;
  close(): Promise<void>;
}

const BEGINNING = 'LOCK TABLE public.tenant_operation';

/** Starts a proxy that keeps back the statement with which an operation begins, so that another one can run before. */
export async function holdStart(database: ConnectionSettings): Promise<HeldStart> {
  const sockets = new Set<Socket>();
  let held: (() => void)[] | null = [];
  let tell = () => {};
  const waits = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const server = createServer((near) => {
    const far = connect(database.port, database.host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.on('data', (data) => {
      if (held && data.includes(BEGINNING)) {
        held.push(() => far.write(data));
        tell();
      } else far.write(data);
    });
    far.on('data', (data) => near.write(data));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    settings: { ...database, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    waits,
    goOn() {
      for (const send of held ?? []) send();
      held = null;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
