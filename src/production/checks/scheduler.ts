import { listed } from '../../database/tenant-diagnosis.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

/** Seconds for which a job may be due before its scheduler counts as missing. */
const DUE_SECONDS = 600;

interface Facts {
  readonly known: number;
  readonly late: readonly string[];
  readonly failed: readonly string[];
}

const FACTS = `
  SELECT count(*)::integer AS known,
    coalesce(array_agg(job ORDER BY job) FILTER (
      WHERE next_at < now() - make_interval(secs => ${DUE_SECONDS}) AND coalesce(running_until < now(), true)), '{}') AS late,
    coalesce(array_agg(job ORDER BY job) FILTER (WHERE last_error IS NOT NULL), '{}') AS failed
  FROM public.job_run`;

/** Checks that scheduled jobs run: reminders, deadlines, the removal of old records. */
export const schedulerCheck: ProductionCheck = {
  name: 'scheduler',
  async ask(client) {
    const { rows } = await client.query<Facts>(FACTS);
    const { known, late, failed } = rows[0]!;
    const start = 'start a process with scheduler in LEOPARD_SERVICES; its log says what keeps it';
    if (known === 0) return [warning('no scheduler has run yet: nobody is reminded of anything', start)];
    const lines: Line[] = [];
    if (late.length > 0)
      lines.push(
        problem(`no scheduler runs: due for ${DUE_SECONDS / 60} minutes and more are ${listed(late)}`, start),
      );
    if (failed.length > 0)
      lines.push(warning(`the last run failed of ${listed(failed)}`, 'read its error: leopard jobs list'));
    return lines.length > 0 ? lines : [ok('all jobs run when they are due')];
  },
};
