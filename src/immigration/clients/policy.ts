import { requires } from '../../http/policy.js';

/** Who may do what with clients; whose clients, the scope decides. */
export const clientPolicy = {
  see: requires('view_client'),
  create: requires('add_client'),
  change: requires('change_client'),
  remove: requires('delete_client'),
  restore: requires('delete_client'),
  addPicture: requires('add_profilepicture'),
  removePicture: requires('delete_profilepicture'),
};
