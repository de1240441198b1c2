import { idOf } from '../staff.js';
import { insert, newName } from './insert.js';
import type { Samples } from './sample.js';

/** Returns a name without a space: `sample7`. */
const newWord = () => newName().toLowerCase().replace(' ', '');

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
    create(transaction) {
      const username = newWord();
      const user = { username, email: `${username}@example.com`, is_active: false };
      return insert(transaction, 'immigration_user', user);
    },
  },
  '/api/v1/groups/': {
    body: { name: 'Sample', permission_ids: [17] },
    create: (transaction) => insert(transaction, 'auth_group', { name: newName() }),
  },
  '/api/v1/permissions/': {
    body: {},
    create: (transaction) =>
      insert(transaction, 'auth_permission', {
        name: `Can ${newName()}`,
        codename: newWord(),
        content_type_id: 1,
      }),
  },
  '/api/v1/second-factor/passkeys/': {
    body: {},
    create: (transaction) =>
      insert(transaction, 'passkey', {
        user_id: idOf('admin'),
        name: 'Sample',
        host: 'main.localhost',
        credential_id: newWord(),
        public_key: Buffer.from('sample'),
      }),
  },
  '/api/v1/sessions/': {
    body: {},
    create: (transaction) =>
      insert(transaction, 'token_blacklist_outstandingtoken', {
        token: 'sample',
        jti: newWord(),
        user_id: idOf('admin'),
        created_at: new Date().toISOString(),
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
      }),
  },
};
