import { ClientRecords } from '../shared/client-records.js';
import { EmploymentOutput } from './schemas.js';

export const employments = new ClientRecords({
  table: 'immigration_employment',
  latest: 'r.end_date',
  period: ['start_date', 'end_date'],
  output: EmploymentOutput,
  columns: {},
});
