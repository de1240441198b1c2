import { ClientRecords } from '../shared/client-records.js';
import { QualificationOutput } from './schemas.js';

export const qualifications = new ClientRecords({
  table: 'immigration_qualification',
  latest: 'r.completion_date',
  period: ['enroll_date', 'completion_date'],
  output: QualificationOutput,
  columns: {},
});
