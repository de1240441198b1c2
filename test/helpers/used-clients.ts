import pg from 'pg';

/** Records every connection on which this process sends something to any database, until `stop`. */
export function noteUsedClients(): { readonly clients: ReadonlySet<pg.Client>; stop(): void } {
  const clients = new Set<pg.Client>();
  const { query } = pg.Client.prototype;
  function noted(this: pg.Client, ...given: unknown[]) {
    clients.add(this);
    return Reflect.apply(query, this, given);
  }
  pg.Client.prototype.query = noted as typeof query;
  return {
    clients,
    stop() {
      pg.Client.prototype.query = query;
    },
  };
}
