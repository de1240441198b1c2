import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import ipaddr from 'ipaddr.js';
import type { ConnectionSettings } from '../../config/config.js';
import type { DatabaseClient } from '../../database/client.js';
import { withOwner } from '../../database/owner.js';
import { type Line, ok, type ProductionCheck, problem, unknown } from '../check.js';

const MEND =
  'set PGSSLMODE=verify-full in the environment of all processes (NODE_EXTRA_CA_CERTS names the certificate of an authority of your own), with ssl = on at the server; or connect through a tunnel';

/** Checks that nobody on the way to another machine can read what the program and its database tell each other. */
export const databaseEncryptionCheck: ProductionCheck = {
  name: 'encryption of the database',
  async run({ database }) {
    if (!database)
      return [unknown('not looked at, since the database does not answer', 'mend that and run it again')];
    const { app, direct, owner } = database;
    const ways = new Map<string, ConnectionSettings>();
    for (const way of [app, direct, owner])
      if (way && !isThisMachine(way.host)) ways.set(`${way.host}:${way.port}`, way);
    if (ways.size === 0) return [ok('the program reaches it without leaving this machine')];
    return await Promise.all([...ways].map(([address, way]) => lookAt(address, way)));
  },
};

async function lookAt(address: string, way: ConnectionSettings): Promise<Line> {
  const isEncrypted = await withOwner(
    way,
    async (client) => (client as DatabaseClient).connection.stream instanceof TLSSocket,
  );
  return isEncrypted
    ? ok(`connections to ${address} are encrypted`)
    : problem(
        `connections to ${address} are not encrypted: whoever is on the way reads and changes what they carry (a sslmode in an address has no effect)`,
        MEND,
      );
}

function isThisMachine(host: string): boolean {
  if (host.startsWith('/') || /^localhost\.?$/i.test(host)) return true;
  return isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback';
}
