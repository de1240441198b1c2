import type { EventTypeConfig, TrackedEntity } from '../../src/events/types.js';

export const AGENT: Readonly<Record<string, TrackedEntity>> = {
  Agent: { table: 'immigration_agent', fields: ['email'] },
};

export const AGENT_EVENTS: Readonly<Record<string, EventTypeConfig>> = {
  'Agent.email.UPDATE': {
    handlers: [
      {
        handler: 'notification',
        config: {
          type: 'SYSTEM_ALERT',
          title_template: 'New address of {agent_name}',
          message_template: '{agent_name} is now at {new_email}{?old_email:, before at {old_email}}',
          recipients: [{ role: 'SUPER_ADMIN', scope: 'tenant' }],
        },
      },
    ],
  },
};
