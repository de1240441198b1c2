import { listed } from '../../database/tenant-diagnosis.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

/** Ages of the oldest transaction from which a database is reported; at 2,100 million PostgreSQL takes no changes. */
export interface VacuumLimits {
  readonly warning: number;
  readonly problem: number;
}

const MILLION = 1_000_000;
const LIMITS: VacuumLimits = { warning: 500 * MILLION, problem: 1_500 * MILLION };

interface Facts {
  readonly autovacuum: boolean;
  readonly counts: boolean;
  readonly ages: readonly { readonly name: string; readonly age: number }[];
  readonly without: readonly string[];
}

const FACTS = `
  SELECT current_setting('autovacuum')::boolean AS autovacuum, current_setting('track_counts')::boolean AS counts,
    (SELECT json_agg(json_build_object('name', datname, 'age', greatest(age(datfrozenxid), mxid_age(datminmxid))) ORDER BY datname)
     FROM pg_catalog.pg_database WHERE datallowconn) AS ages,
    ARRAY(SELECT c.oid::regclass::text FROM pg_catalog.pg_class c
          WHERE EXISTS (SELECT FROM unnest(c.reloptions) option WHERE option ~* '^autovacuum_enabled=(false|off|0|no)$')
          ORDER BY 1 LIMIT 50) AS without`;

/** Checks that autovacuum works, without which tables grow and, in the end, PostgreSQL takes no changes. */
export function vacuum(limits: Partial<VacuumLimits> = {}): ProductionCheck {
  const from = { ...LIMITS, ...limits };
  return {
    name: 'vacuum',
    async ask(client) {
      const { rows } = await client.query<Facts>(FACTS);
      const { autovacuum, counts, ages, without } = rows[0]!;
      const lines: Line[] = [];
      if (!autovacuum || !counts)
        lines.push(
          problem(
            `${autovacuum ? 'track_counts' : 'autovacuum'} is off, so tables grow and become slow`,
            'set autovacuum = on and track_counts = on, and reload PostgreSQL',
          ),
        );
      for (const { name, age } of ages) {
        if (age <= from.warning) continue;
        lines.push(
          (age > from.problem ? problem : warning)(
            `the oldest row of the database ${name} is ${Math.round(age / MILLION)} million transactions old; at 2,100 PostgreSQL takes no changes`,
            `end old transactions, slots and prepared transactions, then run VACUUM FREEZE in ${name}`,
          ),
        );
      }
      if (without.length > 0)
        lines.push(
          warning(
            `autovacuum is switched off for ${listed(without)}`,
            'run for each: ALTER TABLE … RESET (autovacuum_enabled)',
          ),
        );
      const oldest = Math.max(...ages.map(({ age }) => age));
      return lines.length > 0
        ? lines
        : [
            ok(
              `autovacuum is on; the oldest row is ${Math.round(oldest / MILLION)} million transactions old`,
            ),
          ];
    },
  };
}
