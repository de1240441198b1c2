import { lookupInAll, lookupOf } from '../parts/lookup-source.ts';

// Records to which those of several areas refer.

export const USERS = lookupOf(
  '/api/v1/users/assignable/',
  ({ full_name, username }) => full_name || username,
  {
    record: '/api/v1/users/{id}/',
  },
);
export const BRANCHES = lookupOf('/api/v1/branches/', ({ name }) => name);
export const AGENTS = lookupOf('/api/v1/agents/', ({ agent_name }) => agent_name);
export const VISA_CATEGORIES = lookupInAll('/api/v1/visa-categories/', ({ name }) => name);
export const VISA_TYPES = lookupOf('/api/v1/visa-types/', ({ name }) => name);
