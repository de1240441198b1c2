import { queries } from '../../../src/database/queries.js';
import { idOf } from '../staff.js';
import type { Samples } from './sample.js';

let made = 0;

export const userSamples: Samples = {
  '/api/v1/users/': {
    body: {
      username: 'sample-user',
      email: 'sample.user@example.org',
      password: 'zebra-Crossing-42',
      first_name: 'Sample',
      last_name: 'Person',
      group_name: 'CONSULTANT',
      permission_ids: [17],
    },
    async create(transaction) {
      made++;
      const [user] = await transaction.query(
        queries
          .insertInto('immigration_user')
          .values({ username: `sample${made}`, email: `sample${made}@example.com`, is_active: false })
          .returning('id'),
      );
      return (user as { id: number }).id;
    },
  },
  '/api/v1/groups/': {
    body: { name: 'Sample', permission_ids: [17] },
    async create(transaction) {
      made++;
      const [group] = await transaction.query(
        queries
          .insertInto('auth_group')
          .values({ name: `Sample ${made}` })
          .returning('id'),
      );
      return (group as { id: number }).id;
    },
  },
  '/api/v1/permissions/': {
    body: {},
    async create(transaction) {
      made++;
      const [permission] = await transaction.query(
        queries
          .insertInto('auth_permission')
          .values({ name: `Can sample ${made}`, codename: `sample${made}`, content_type_id: 1 })
          .returning('id'),
      );
      return (permission as { id: number }).id;
    },
  },
  '/api/v1/sessions/': {
    body: {},
    async create(transaction) {
      made++;
      const [session] = await transaction.query(
        queries
          .insertInto('token_blacklist_outstandingtoken')
          .values({
            token: 'sample',
            jti: `sample${made}`,
            user_id: idOf('admin'),
            created_at: new Date().toISOString(),
            expires_at: new Date(Date.now() + 3_600_000).toISOString(),
          })
          .returning('id'),
      );
      return (session as { id: number }).id;
    },
  },
};
