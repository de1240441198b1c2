import { requires } from '../../routing/policy.js';
import { modelPolicy } from '../shared/resource-policy.js';

/** Who may do what with clients; whose clients, the scope decides. */
export const clientPolicy = {
  ...modelPolicy('client'),
  addPicture: requires('add_profilepicture'),
  removePicture: requires('delete_profilepicture'),
};
