import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

const SETTINGS = ['fsync', 'full_page_writes', 'synchronous_commit', 'zero_damaged_pages'] as const;

/** Checks that what was answered 201 is still there after the power has failed. */
export const durabilityCheck: ProductionCheck = {
  name: 'durability',
  async ask(client) {
    const { rows } = await client.query<{ name: string; setting: string }>(
      'SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY ($1::text[])',
      [SETTINGS],
    );
    const { fsync, full_page_writes, synchronous_commit, zero_damaged_pages } = Object.fromEntries(
      rows.map(({ name, setting }) => [name, setting]),
    );
    const lines: Line[] = [];
    for (const [name, value] of Object.entries({ fsync, full_page_writes })) {
      if (value === 'off')
        lines.push(
          problem(
            `${name} is off: a power failure destroys the database`,
            `set ${name} = on and reload PostgreSQL`,
          ),
        );
    }
    if (zero_damaged_pages === 'on')
      lines.push(
        problem(
          'zero_damaged_pages is on: damaged rows vanish silently',
          'set zero_damaged_pages = off and reload PostgreSQL',
        ),
      );
    if (synchronous_commit === 'off')
      lines.push(
        warning(
          'synchronous_commit is off for the program: changes that were confirmed are lost in a crash',
          'set it to on, for the server, the database and the role of the program',
        ),
      );
    return lines.length > 0
      ? lines
      : [ok(`commits are on disk (synchronous_commit = ${synchronous_commit})`)];
  },
};
