import type { Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import type { RouteDefinition } from '../routing/route.js';
import type { MediaStore } from '../storage/media-store.js';
import type { SignedUrls } from '../storage/signed-urls.js';
import { agentRoutes } from './agents/routes.js';
import { applicationTypeRoutes } from './application-types/routes.js';
import { branchRoutes } from './branches/routes.js';
import { calendarEventRoutes } from './calendar-events/routes.js';
import { clientExportRoutes } from './client-exports/routes.js';
import { ProfilePictures } from './clients/profile-picture.js';
import { clientRoutes } from './clients/routes.js';
import { collegeApplicationRoutes } from './college-applications/routes.js';
import { broadFieldRoutes } from './courses/broad-fields.js';
import { courseLevelRoutes, courseRoutes, narrowFieldRoutes } from './courses/routes.js';
import { employmentRoutes } from './employments/routes.js';
import { groupRoutes } from './groups/routes.js';
import { instituteRoutes } from './institutes/institutes.js';
import {
  instituteContactPersonRoutes,
  instituteIntakeRoutes,
  instituteLocationRoutes,
  instituteRequirementRoutes,
} from './institutes/parts.js';
import { languageExamRoutes } from './language-exams/routes.js';
import { languageProficiencyRoutes } from './language-proficiencies/routes.js';
import { noteRoutes } from './notes/routes.js';
import { notificationRoutes } from './notifications/routes.js';
import { passportRoutes } from './passports/routes.js';
import { permissionRoutes } from './permissions/routes.js';
import { qualificationRoutes } from './qualifications/routes.js';
import { regionRoutes } from './regions/routes.js';
import { reminderRoutes } from './reminders/routes.js';
import { stageRoutes } from './stages/routes.js';
import { taskRoutes } from './tasks/routes.js';
import { type UserParts, userRoutes } from './users/routes.js';
import { visaApplicationRoutes } from './visa-applications/routes.js';
import { visaCategoryRoutes, visaTypeRoutes } from './visa-types/routes.js';

/** The dependencies of the resources. */
export interface ResourceParts {
  readonly config: Config;
  readonly database: Database;
  readonly media: MediaStore;
  readonly urls: SignedUrls;
  readonly own: UserParts;
}

/** Returns the routes of every resource, in the order in which `/api/v1/` lists them. */
export function resourceRoutesOf({ config, database, media, urls, own }: ResourceParts): RouteDefinition[] {
  return [
    ...clientRoutes(database, new ProfilePictures(database, media, urls)),
    ...clientExportRoutes(database),
    ...agentRoutes(database),
    ...branchRoutes(database),
    ...regionRoutes(database),
    ...visaApplicationRoutes(database),
    ...visaTypeRoutes(database),
    ...visaCategoryRoutes(database),
    ...userRoutes(database, own),
    ...groupRoutes(database, own.users),
    ...permissionRoutes(database),
    ...notificationRoutes(database, config.notificationsIncludeReadDefault),
    ...taskRoutes(database, config),
    ...calendarEventRoutes(database),
    ...noteRoutes(database),
    ...reminderRoutes(database),
    ...languageExamRoutes(database),
    ...languageProficiencyRoutes(database),
    ...qualificationRoutes(database),
    ...passportRoutes(database),
    ...employmentRoutes(database),
    ...instituteRoutes(database),
    ...instituteLocationRoutes(database),
    ...instituteIntakeRoutes(database),
    ...instituteContactPersonRoutes(database),
    ...instituteRequirementRoutes(database),
    ...courseLevelRoutes(database),
    ...broadFieldRoutes(database),
    ...narrowFieldRoutes(database),
    ...courseRoutes(database),
    ...applicationTypeRoutes(database),
    ...stageRoutes(database),
    ...collegeApplicationRoutes(database),
  ];
}
