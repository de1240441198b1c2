import { expiredTokensJob } from '../auth/expired-tokens-job.js';
import { oldSecurityEventsJob } from '../auth/old-security-events-job.js';
import { oldDeliveriesJob } from '../deliveries/old-deliveries-job.js';
import { endedPausesJob } from '../events/operations/ended-pauses-job.js';
import { oldEventsJob } from '../events/operations/old-events-job.js';
import { oldAuditEntriesJob } from '../immigration/audit/old-entries-job.js';
import { oldClientImportsJob } from '../immigration/client-imports/old-imports-job.js';
import { deadlinesJob } from '../immigration/deadlines/deadlines-job.js';
import { remindersJob } from '../immigration/reminders/reminders-job.js';
import { tasksJob } from '../immigration/tasks/tasks-job.js';
import type { Job } from '../jobs/job.js';
import { clockJob } from './clock-job.js';

/** All scheduled jobs. */
export const JOBS: readonly Job[] = [
  remindersJob,
  tasksJob,
  deadlinesJob,
  expiredTokensJob,
  oldEventsJob,
  oldDeliveriesJob,
  oldClientImportsJob,
  oldAuditEntriesJob,
  oldSecurityEventsJob,
  endedPausesJob,
  clockJob,
];
