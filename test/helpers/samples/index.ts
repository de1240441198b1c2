import { agentSamples } from './agents.js';
import { applicationSamples } from './applications.js';
import { auditSamples } from './audit.js';
import { calendarSamples } from './calendar.js';
import { catalogSamples } from './catalog.js';
import { clientImportSamples } from './client-imports.js';
import { clientRecordSamples } from './client-records.js';
import { clientSamples } from './clients.js';
import { deliverySamples } from './deliveries.js';
import { noteSamples } from './notes.js';
import { notificationSamples } from './notifications.js';
import { organisationSamples } from './organisation.js';
import type { ResourceSample, Samples } from './sample.js';
import { securityLogSamples } from './security-log.js';
import { taskSamples } from './tasks.js';
import { userSamples } from './users.js';

/** Samples by the path before the record's id. A route with an id whose path has no entry here fails the suites. */
export const SAMPLES: Samples = {
  ...clientSamples,
  ...clientImportSamples,
  ...agentSamples,
  ...organisationSamples,
  ...notificationSamples,
  ...taskSamples,
  ...noteSamples,
  ...userSamples,
  ...calendarSamples,
  ...catalogSamples,
  ...clientRecordSamples,
  ...applicationSamples,
  ...auditSamples,
  ...securityLogSamples,
  ...deliverySamples,
};

/** Returns the sample of the resource that a path belongs to. */
export function sampleOf(path: string): ResourceSample | undefined {
  const prefix = Object.keys(SAMPLES).find((key) => path.startsWith(key));
  return prefix === undefined ? undefined : SAMPLES[prefix];
}
