import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import type { RouteDefinition } from '../../routing/route.js';
import { modelPolicy } from '../shared/resource-policy.js';
import { resourceRoutes } from '../shared/resource-routes.js';
import { AGENT_TYPES, AgentCreate, AgentOutput, AgentPatch, AgentUpdate } from './schemas.js';
import { agents, listAgents } from './selectors.js';
import { createAgent, deleteAgent, restoreAgent, updateAgent } from './services.js';

const filters = {
  agent_name: Type.String(),
  agent_type: Type.String({
    description: `one of ${[...AGENT_TYPES].sort().join(', ')}; any other value: an empty list`,
  }),
  country: Type.String(),
  email: Type.String(),
  include_deleted: Type.Boolean(),
  phone_number: Type.String(),
  search: Type.String(),
};

/** Returns the routes of agents: partners who bring clients and receive commissions. */
export function agentRoutes(database: Database): RouteDefinition[] {
  const routes = resourceRoutes(database, {
    path: '/api/v1/agents/',
    tag: 'agents',
    kind: 'agent',
    policy: modelPolicy('agent'),
    output: AgentOutput,
  });
  return [
    routes.list((transaction, _user, page, { query }) => listAgents(transaction, query, page), {
      query: filters,
    }),
    routes.create(AgentCreate, createAgent),
    routes.read((transaction, _user, id) => agents.read(transaction, id)),
    ...routes.change({ PUT: AgentUpdate, PATCH: AgentPatch }, updateAgent),
    routes.remove(deleteAgent),
    routes.restore(restoreAgent),
  ];
}
