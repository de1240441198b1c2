import { clientStagesReport, stageConversionsReport, timeInStageReport } from './client-stages.js';
import { collegeApplicationsReport } from './college-applications.js';
import { leadSourcesReport } from './lead-sources.js';
import type { Report } from './report.js';
import { visaApplicationsReport, visaDecisionsReport } from './visa-applications.js';
import { workloadReport } from './workload.js';

/** Every report, in the order in which they are listed. */
export const REPORTS: readonly Report[] = [
  clientStagesReport,
  stageConversionsReport,
  timeInStageReport,
  visaApplicationsReport,
  visaDecisionsReport,
  collegeApplicationsReport,
  workloadReport,
  leadSourcesReport,
];
