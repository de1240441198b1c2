import { queries } from '../../../src/database/queries.js';
import { newName } from './insert.js';
import type { Samples } from './sample.js';

export const agentSamples: Samples = {
  '/api/v1/agents/': {
    body: { agent_name: 'Sample', agent_type: 'SUB_AGENT' },
    async create(transaction, { archived }) {
      const [agent] = await transaction.query(
        queries
          .insertInto('immigration_agent')
          .values({
            agent_name: newName(),
            agent_type: 'SUB_AGENT',
            deleted_at: archived ? new Date().toISOString() : null,
          })
          .returning('id'),
      );
      return (agent as { id: number }).id;
    },
  },
};
