import { loadConfig } from './src/config.ts';
import { openDatabase } from './src/database/connections.ts';
import { migrateAll } from './src/database/migrator.ts';
import { seedContract } from './src/seed/contract.ts';
import { startServer } from './src/server.ts';
const config = loadConfig({ ...process.env, LEOPARD_DATA_DIR: '/tmp/med2', PORT: '8111', SECRET_KEY: 'k'.repeat(40) });
const handle = await openDatabase(config, { onProgress: console.log });
await migrateAll(handle.owner!, handle.app.user, {});
const t = Date.now();
try { await seedContract(handle, { onProgress: console.log }); console.log('seeded', Date.now()-t); } catch (e) { console.log(String(e)); }
const s = await startServer(config, handle);
console.log(s.address, JSON.stringify(handle.app));
process.on('SIGTERM', async () => { await s.close(); await handle.close(); process.exit(0); });
