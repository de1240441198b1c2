import { requires } from '../../routing/policy.js';
import { modelPolicy, type ResourcePolicy } from '../shared/resource-policy.js';

/**
 * The policies of actions on tasks. Completing, claiming and deleting depend on the user's relation to the task, so
 * they require only the permission to view tasks.
 */
export const taskPolicy: ResourcePolicy = { ...modelPolicy('task'), remove: requires('view_task') };
