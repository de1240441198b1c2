import { recordSecurityEvent } from '../../../src/auth/security-log.js';
import { statement } from '../../../src/database/statement.js';
import type { Samples } from './sample.js';

export const securityLogSamples: Samples = {
  '/api/v1/security-log/': {
    body: {},
    async create(transaction) {
      recordSecurityEvent(transaction, { kind: 'logout', username: 'somebody' });
      const [event] = await transaction.query(
        statement<{ id: number }>('SELECT max(id) AS id FROM security_event'),
      );
      return (event as { id: number }).id;
    },
  },
};
