import { sql } from '../../database/queries.js';
import { ClientRecords } from '../shared/client-records.js';
import type { EmploymentOutput } from './schemas.js';

export const employments = new ClientRecords({
  table: 'immigration_employment',
  thing: 'Employment',
  latest: 'r.end_date',
  period: ['start_date', 'end_date'],
  columns: sql<EmploymentOutput>`
    r.id, r.client_id, r.employer_name, r.position, r.start_date, r.end_date, r.country, r.created_at, r.updated_at`,
});
