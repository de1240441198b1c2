import { requires } from '../../routing/policy.js';
import { modelPolicy } from '../shared/resource-policy.js';

/** The policies of actions on clients; the scope decides which clients. */
export const clientPolicy = {
  ...modelPolicy('client'),
  addPicture: requires('add_profilepicture'),
  removePicture: requires('delete_profilepicture'),
};
