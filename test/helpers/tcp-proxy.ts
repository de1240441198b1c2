import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ConnectionSettings } from '../../src/config/config.js';

/** A proxy between the program and a database that can stop forwarding without closing a connection. */
export interface TcpProxy {
  /** Settings of the same database and role, through the proxy. */
  readonly settings: ConnectionSettings;
  /** Number of connections made through it since it was started. */
  readonly made: number;
  /** Stops forwarding on every connection; new ones are accepted and stay silent. */
  stall(): void;
  /** Stops forwarding on existing connections; new ones work. */
  stallOpen(): void;
  /** Makes new connections work again; stalled ones never do. */
  goOn(): void;
  /** Breaks every connection; new ones work. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy in front of a database's server. */
export async function startTcpProxy(database: ConnectionSettings): Promise<TcpProxy> {
  const links = new Set<{ stalled: boolean }>();
  const sockets = new Set<Socket>();
  let stalled = false;
  let made = 0;
  const server = createServer((near) => {
    made++;
    const link = { stalled };
    links.add(link);
    const far = connect(database.port, database.host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('data', (data) => link.stalled || other.write(data));
      one.on('close', () => {
        sockets.delete(one);
        if (!link.stalled) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stallOpen = () => {
    for (const link of links) link.stalled = true;
  };
  return {
    settings: { ...database, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    get made() {
      return made;
    },
    stall() {
      stalled = true;
      stallOpen();
    },
    stallOpen,
    goOn() {
      stalled = false;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
