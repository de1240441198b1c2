import { insert, newName } from './insert.js';
import type { Samples } from './sample.js';

export const agentSamples: Samples = {
  '/api/v1/agents/': {
    body: { agent_name: 'Sample', agent_type: 'SUB_AGENT' },
    create: (transaction, { archived }) =>
      insert(transaction, 'immigration_agent', {
        agent_name: newName(),
        agent_type: 'SUB_AGENT',
        deleted_at: archived ? new Date().toISOString() : null,
      }),
  },
};
