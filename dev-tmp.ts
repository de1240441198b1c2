import { loadConfig } from '/work/main/src/config.ts';
import { openDatabase } from '/work/main/src/database/connections.ts';
import { migrateAll } from '/work/main/src/database/migrator.ts';
import { createTenant } from '/work/main/src/tenancy/provisioning.ts';
import { Database } from '/work/main/src/database/database.ts';
import { statement } from '/work/main/src/database/statement.ts';
import { hashPassword } from '/work/main/src/auth/passwords.ts';
import { startServer } from '/work/main/src/server.ts';
const config = loadConfig({ ...process.env, LEOPARD_DATA_DIR: '/tmp/med', PORT: '8111', SECRET_KEY: 'k'.repeat(40) });
const handle = await openDatabase(config, { onProgress: console.log });
await migrateAll(handle.owner!, handle.app.user, {});
let t = Date.now();
try {
for (const n of ['main','demo']) await createTenant(handle.owner!, handle.app.user, { schema: 'tenant_'+n, name: 'Tenant '+n, domains: [{ domain: n+'.localhost', isPrimary: true }], status: 'ACTIVE' } as any);
console.log('provisioned', Date.now()-t);
const db = new Database(handle.app, { size: 2 });
for (const n of ['main','demo']) await db.tenantTransaction({ schema: 'tenant_'+n, userId: null }, async tx => {
  const [u] = await tx.query(statement<any>(`INSERT INTO immigration_user(username,email,first_name,last_name,password,is_superuser,is_staff) VALUES ('admin','admin@example.com','Ada','Admin',$1,true,true) RETURNING id`, [await hashPassword('Passw0rd!23')]));
  await tx.query(statement(`INSERT INTO immigration_user_groups(user_id,group_id) VALUES ($1,1)`, [u.id]));
});
await db.close();
} catch (e) { console.log(String(e)); }
const s = await startServer(config, handle);
console.log(s.address);
process.on('SIGTERM', async () => { await s.close(); await handle.close(); process.exit(0); });
