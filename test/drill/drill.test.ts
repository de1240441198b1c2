import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noInstallation } from '../helpers/installed-machine.js';
import { hasNginx, NO_NGINX } from '../helpers/nginx.js';
import { hasPgBouncer, NO_PGBOUNCER } from '../helpers/pgbouncer.js';
import { databaseStopped, killed, poolerRestarted } from './cases.js';
import { Drill } from './drill.js';
import { Platform } from './platform.js';

// A short version of `npm run drill`: a small production under load, of which parts are restarted and killed. Where a whole
// machine can be installed, test/deployment/install.test.ts shows the same of that.

const isShownOnMachine = noInstallation() === null;
if (!hasNginx) console.log(NO_NGINX);
if (!hasPgBouncer) console.log(NO_PGBOUNCER);

const NOTHING_LOST = { lost: 0, doubled: 0 };

describe.skipIf(!hasNginx || isShownOnMachine)('a platform behind nginx, under load', () => {
  let drill: Drill<Platform>;
  beforeAll(async () => {
    const platform = await Platform.open({ pooler: hasPgBouncer });
    drill = await Drill.begin(platform, { clients: 4, pause: 20, around: 0.5 });
  }, 120_000);
  afterAll(() => drill?.close(), 60_000);

  test('a rolling restart fails no request, and streams are back within two seconds with all that they missed', async () => {
    const gaps: number[] = [];
    for (const which of [0, 1]) {
      const outcome = await drill.play(async ({ platform }) => {
        await platform.api[which]?.restart();
        return undefined;
      });
      expect(outcome).toMatchObject({ failed: 0, kinds: '', ...NOTHING_LOST });
      expect(outcome.requests).toBeGreaterThan(10);
      if (outcome.streamLosses > 0) gaps.push(outcome.streamGapMs);
    }
    // The machine may be busy with something else for a moment.
    expect(Math.min(...gaps)).toBeLessThan(2_000);
  }, 120_000);

  test('a killed process loses and doubles nothing', async () => {
    const outcome = await drill.play(async (played) => {
      await Promise.all([killed(({ api }) => api[0])(played), killed(({ worker }) => worker)(played)]);
      return undefined;
    });
    expect(outcome).toMatchObject(NOTHING_LOST);
  }, 120_000);

  test.skipIf(!hasPgBouncer)(
    'neither does an end of PgBouncer, nor one of PostgreSQL',
    async () => {
      const outcome = await drill.play(async (played) => {
        await poolerRestarted('SIGKILL')(played);
        return await databaseStopped(1)(played);
      });
      expect(outcome).toMatchObject(NOTHING_LOST);
      expect(outcome.remarks).toContain('database_unavailable');
    },
    120_000,
  );
});
