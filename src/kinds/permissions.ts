import { CONTENT_TYPES } from '../database/generated/content-types.js';
import type { Model } from './kinds.js';

type ContentTypes = typeof CONTENT_TYPES;
type Verb = 'add' | 'change' | 'delete' | 'view';
/** The permissions of some models, with their app in front where it is not `immigration`. */
type PermissionOn<M extends Model> = M extends Model
  ? `${ContentTypes[M]['app'] extends 'auth' ? 'auth.' : ''}${`${Verb}_${M}` | ContentTypes[M]['others'][number]}`
  : never;
/** A permission that users can hold: `view_client`, `auth.add_group`. */
export type Permission = PermissionOn<Model>;

/** Returns one of the four permissions of a model. */
export function permissionTo<V extends Verb>(verb: V, model: Model): Permission {
  const { app } = CONTENT_TYPES[model];
  return `${app === 'auth' ? 'auth.' : ''}${verb}_${model}` as Permission;
}

const ALL: ReadonlySet<string> = new Set(
  Object.entries(CONTENT_TYPES).flatMap(([model, { app, others }]) =>
    [...['add', 'change', 'delete', 'view'].map((verb) => `${verb}_${model}`), ...others].map(
      (codename) => `${app}.${codename}`,
    ),
  ),
);

/** Returns whether any kind has this permission. @param permission with its app: `immigration.view_client` */
export function isPermission(permission: string): boolean {
  return ALL.has(permission);
}
