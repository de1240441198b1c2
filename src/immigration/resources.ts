import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import type { RouteDefinition } from '../http/route.js';
import type { MediaStore } from '../storage/media-store.js';
import type { SignedUrls } from '../storage/signed-urls.js';
import { agentRoutes } from './agents/routes.js';
import { branchRoutes } from './branches/routes.js';
import { ProfilePictures } from './clients/profile-picture.js';
import { clientRoutes } from './clients/routes.js';
import { broadFieldRoutes } from './courses/broad-fields.js';
import { courseLevelRoutes, courseRoutes, narrowFieldRoutes } from './courses/routes.js';
import { instituteRoutes } from './institutes/institutes.js';
import {
  instituteContactPersonRoutes,
  instituteIntakeRoutes,
  instituteLocationRoutes,
  instituteRequirementRoutes,
} from './institutes/parts.js';
import { notificationRoutes } from './notifications/routes.js';
import { regionRoutes } from './regions/routes.js';

/** What the resources are made of. */
export interface ResourceParts {
  readonly config: Config;
  readonly database: Database;
  readonly media: MediaStore;
  readonly urls: SignedUrls;
}

/** The routes of every resource, in the order in which `/api/v1/` names their lists. */
export function resourceRoutesOf({ config, database, media, urls }: ResourceParts): RouteDefinition[] {
  return [
    ...clientRoutes(database, new ProfilePictures(database, media, urls)),
    ...agentRoutes(database),
    ...branchRoutes(database),
    ...regionRoutes(database),
    ...notificationRoutes(database, config.notificationsIncludeReadDefault),
    ...instituteRoutes(database),
    ...instituteLocationRoutes(database),
    ...instituteIntakeRoutes(database),
    ...instituteContactPersonRoutes(database),
    ...instituteRequirementRoutes(database),
    ...courseLevelRoutes(database),
    ...broadFieldRoutes(database),
    ...narrowFieldRoutes(database),
    ...courseRoutes(database),
  ];
}
