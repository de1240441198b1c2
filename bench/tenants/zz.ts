import { readFileSync } from 'node:fs';
import pg from 'pg';
import { readMigrations } from '../../src/database/migration-files.js';
import { readSnapshot } from '../../src/schema/tenant-snapshot.js';
import { shippedCapture } from '../../src/events/capture/capture.js';
const dir = process.argv[2]!;
const [pid,,,port] = readFileSync(dir + '/postgresql/data/postmaster.pid', 'utf8').split('\n');
const pw = JSON.parse(readFileSync(dir + '/postgresql/passwords.json', 'utf8'));
const c = new pg.Client({ host: '127.0.0.1', port: Number(port), user: 'leopard_owner', password: pw.owner, database: 'leopard' });
await c.connect();
const bp = (await c.query('select pg_backend_pid() p, (select count(*)::int from public.tenants_tenant) n')).rows[0]; console.log(bp.n, 'tenants');
const cpu = () => Number(readFileSync(`/proc/${bp.p}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
const split = (s: string) => { // on ; outside $$ and quotes
  const out: string[] = []; let cur = ''; let dollar: string | null = null; let q = false;
  for (let i = 0; i < s.length; i++) {
    const rest = s.slice(i);
    if (dollar) { if (rest.startsWith(dollar)) { cur += dollar; i += dollar.length - 1; dollar = null; continue; } cur += s[i]; continue; }
    if (q) { cur += s[i]; if (s[i] === "'") q = false; continue; }
    const m = /^\$\w*\$/.exec(rest.slice(0, 20)); if (m) { dollar = m[0]; cur += dollar; i += dollar.length - 1; continue; }
    if (rest.startsWith('--')) { const e = s.indexOf('\n', i); i = e; continue; }
    if (s[i] === "'") q = true;
    if (s[i] === ';') { if (cur.trim()) out.push(cur.trim()); cur = ''; continue; }
    cur += s[i];
  }
  if (cur.trim()) out.push(cur.trim());
  return out;
};
const script = readSnapshot(readMigrations().tenant)!;
const cap = shippedCapture().sql;
await c.query('BEGIN'); 
await c.query('CREATE ROLE tenant_zzz');await c.query('CREATE SCHEMA tenant_zzz');await c.query('ALTER DEFAULT PRIVILEGES IN SCHEMA tenant_zzz GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tenant_zzz');
await c.query('SET LOCAL search_path TO tenant_zzz, pg_temp');
const by = new Map<string, [number, number]>();
const run = async (name: string, s: string) => { const t = cpu(); await c.query(s); const d = cpu() - t; const k = name + ' ' + s.split(/\s+/).slice(0, 2).join(' '); const e = by.get(k) ?? [0, 0]; by.set(k, [e[0] + 1, e[1] + d]); };
const t0 = cpu();
for (const s of split(script)) await run('snap', s);
const t1 = cpu();
for (const s of split(cap)) await run('cap', s);
const t2 = cpu();
console.log('snapshot', t1 - t0, 'capture', t2 - t1);
for (const [k, [n, t]] of [...by].sort((a, b) => b[1][1] - a[1][1]).slice(0, 16)) console.log(k.padEnd(40), n, t.toFixed(1));
await c.query('ROLLBACK'); await c.end();
