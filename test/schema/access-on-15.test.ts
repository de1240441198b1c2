import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TemporaryServer } from '../../src/database/temporary-server.js';
import { requireIsolation } from '../../src/schema/access/access-check.js';
import { hasSystemPostgres, startSystemPostgres } from '../helpers/system-postgres.js';
import { type TwoAgencies, twoAgencies } from '../helpers/two-agencies.js';

/** On Debian's PostgreSQL, which may be 15: memberships have no options there. */
describe.skipIf(!hasSystemPostgres)('on the system’s PostgreSQL', () => {
  let server: TemporaryServer;
  let agencies: TwoAgencies;
  beforeAll(async () => {
    server = await startSystemPostgres();
    agencies = await twoAgencies(server);
  });
  afterAll(() => server?.stop());

  it('finds nothing in a database as the program makes it, and the program starts', async () => {
    expect(await agencies.everything()).toEqual([]);
    expect(await requireIsolation(agencies.handle.app)).toEqual([]);
  });

  it.each([
    ['ALTER ROLE tenant_one LOGIN BYPASSRLS', 'tenant_one has BYPASSRLS and LOGIN'],
    ['GRANT tenant_one TO tenant_two', 'tenant_two has the rights of tenant_one'],
    ['GRANT tenant_one TO leopard_app WITH ADMIN OPTION', 'leopard_app may give tenant_one away'],
    ['GRANT pg_read_all_data TO leopard_app', 'leopard_app is a member of pg_read_all_data'],
    ['GRANT SET ON PARAMETER session_replication_role TO PUBLIC', 'PUBLIC may SET session_replication_role'],
  ])('%s is found and undone', async (change, text) => {
    await agencies.sql(change);
    const [line = '', ...more] = await agencies.quickly();
    expect([line, more]).toEqual([expect.stringContaining(text), []]);
    await expect(requireIsolation(agencies.handle.app)).rejects.toThrow(text);
    await agencies.sql(/as a superuser run: (.*)$/.exec(line)?.[1] ?? '');
    expect(await agencies.quickly()).toEqual([]);
  });
});
