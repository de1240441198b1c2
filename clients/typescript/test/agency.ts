import { PASSWORD, startTestApp, type TestApp, type TestAppOptions } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';
import { type LeopardClientModule, loadPackage } from './packed.js';

type Options = Partial<ConstructorParameters<LeopardClientModule['LeopardClient']>[0]>;
export type Client = InstanceType<LeopardClientModule['LeopardClient']>;

/** The API with a database and staff, and the published package to call it. */
export interface Agency {
  readonly app: TestApp;
  readonly library: LeopardClientModule;
  /** Returns the requests that reached the server since the last call, as `METHOD path`. */
  requests(): string[];
  client(options?: Options): Client;
  /** Returns a client that is signed in. */
  signedIn(username?: string, options?: Options): Promise<Client>;
  close(): Promise<void>;
}

/** Starts the API at an address that needs no name server. */
export async function startAgency(options: TestAppOptions = {}): Promise<Agency> {
  const library = await loadPackage();
  const app = await startTestApp(options);
  await seedStaff(app);
  await tenantSql(
    app.databases.admin,
    "INSERT INTO public.tenants_domain (domain, tenant_id, is_primary) VALUES ('127.0.0.1', 1, false)",
  );
  let seen: string[] = [];
  app.app.server.server.on('request', ({ method, url }) => seen.push(`${method} ${url?.split('?')[0]}`));
  const client = (given: Options = {}) => new library.LeopardClient({ baseUrl: app.base, ...given });
  return {
    app,
    library,
    requests() {
      const all = seen;
      seen = [];
      return all;
    },
    client,
    async signedIn(username = 'admin', given = {}) {
      const made = client(given);
      const result = await made.session.logIn({ username, password: PASSWORD });
      if (!result.ok) throw new Error(JSON.stringify(result.error));
      return made;
    },
    close: () => app.close(),
  };
}

/** Returns the data of an answer. @throws Error for a failure */
export function dataOf<T>(result: { ok: true; data: T } | { ok: false; error: object }): T {
  if (result.ok) return result.data;
  throw new Error(JSON.stringify(result.error));
}

/** Returns the error of a failure. @throws Error for an answer */
export function errorOf<E>(result: { ok: true; data: unknown } | { ok: false; error: E }): E {
  if (!result.ok) return result.error;
  throw new Error(`answered: ${JSON.stringify(result.data)}`);
}
