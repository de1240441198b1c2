import { requires } from '../../routing/policy.js';
import { modelPolicy, type ResourcePolicy } from '../shared/resource-policy.js';

/**
 * Which permission each action on tasks takes. Whose tasks one may complete, claim or delete is decided by who one is
 * to the task, so that for these nothing but seeing tasks is asked.
 */
export const taskPolicy: ResourcePolicy = { ...modelPolicy('task'), remove: requires('view_task') };
