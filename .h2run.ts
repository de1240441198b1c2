import { startEmbedded, attachEmbedded } from '/work/main/src/database/embedded/embedded.ts';
import { createRequire } from 'node:module';
const pg = createRequire('/work/main/package.json')('pg');
const t0 = Date.now();
const say = (t: string) => console.log(Date.now() - t0, t);
const s = await startEmbedded({ directory: process.argv[2]! }, { onProgress: say });
say('ready ' + s.account + ' ' + JSON.stringify({ ...s.admin, password: '' }));
for (const host of [s.admin.host, '127.0.0.1']) {
  const c = new pg.Client({ ...s.admin, host }); await c.connect();
  for (let i = 0; i < 500; i++) await c.query('select 1');
  const b = process.hrtime.bigint();
  for (let i = 0; i < 3000; i++) await c.query('select 1');
  say(host + ' us/query ' + Number(process.hrtime.bigint() - b) / 3e6);
  if (host !== '127.0.0.1') {
  await c.query('create extension if not exists pg_trgm');
  say(JSON.stringify((await c.query("select show_trgm('Élan नेपाल') t, 'É' ilike 'é' i, version() v, datlocprovider p, datlocale l, datctype c from pg_database where datname='postgres'")).rows[0]));
  }
  await c.end();
}
if (process.argv[3] === 'stay') await new Promise((r) => setTimeout(r, 1e6));
await s.stop();
say('stopped');
