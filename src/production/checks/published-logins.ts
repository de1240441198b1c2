import { verifyPassword } from '../../auth/passwords.js';
import { PUBLISHED_LOGINS } from '../../config/exposure.js';
import { type OwnerClient, withOwner } from '../../database/owner.js';
import { quoteIdentifier } from '../../database/schema-name.js';
import { DEMO_LOGINS, type DemoLogin } from '../../seed/demo-logins.js';
import { ok, type ProductionCheck, problem, unknown } from '../check.js';

/** Checks that nobody logs in with a password of the demonstration data. */
export const publishedLoginsCheck: ProductionCheck = {
  name: 'published log-ins',
  async run({ database }) {
    if (!database?.owner)
      return [
        unknown(
          'without the owner of the tables nobody sees whether log-ins of the demonstration data work',
          'set DATABASE_OWNER_URL for this command',
        ),
      ];
    const working = await withOwner(database.owner, async (client) => {
      const found: string[] = [];
      for (const { schema, username, password } of DEMO_LOGINS) {
        const stored = await passwordIn(client, { schema, username });
        if (stored !== null && (await verifyPassword(password, stored)))
          found.push(`${username} of ${schema}`);
      }
      return found;
    });
    if (working.length === 0) return [ok('none of the demonstration data works')];
    return [
      problem(
        `log-ins of the demonstration data work (${working.join(', ')}); ${PUBLISHED_LOGINS.split(':')[0]}`,
        'delete the demonstration agencies (leopard tenants delete), or give these users other passwords',
      ),
    ];
  },
};

/** Returns the stored password of an active user; null without the user or the agency. */
async function passwordIn(
  client: OwnerClient,
  { schema, username }: Pick<DemoLogin, 'schema' | 'username'>,
): Promise<string | null> {
  const { rows: found } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [
    `${quoteIdentifier(schema)}.immigration_user`,
  ]);
  if (!found[0].there) return null;
  const { rows } = await client.query(
    `SELECT password FROM ${quoteIdentifier(schema)}.immigration_user WHERE username = $1 AND is_active`,
    [username],
  );
  return rows[0]?.password ?? null;
}
