import { deadlinesJob } from './deadlines.js';
import { endedPausesJob } from './ended-pauses.js';
import { expiredTokensJob } from './expired-tokens.js';
import type { Job } from './job.js';
import { oldAuditEntriesJob } from './old-audit-entries.js';
import { oldClientImportsJob } from './old-client-imports.js';
import { oldDeliveriesJob } from './old-deliveries.js';
import { oldEventsJob } from './old-events.js';
import { remindersJob } from './reminders.js';
import { tasksJob } from './tasks.js';

/** All that falls due by the clock. */
export const JOBS: readonly Job[] = [
  remindersJob,
  tasksJob,
  deadlinesJob,
  expiredTokensJob,
  oldEventsJob,
  oldDeliveriesJob,
  oldClientImportsJob,
  oldAuditEntriesJob,
  endedPausesJob,
];
