import { sql } from '../../database/queries.js';
import { ClientRecords } from '../shared/client-records.js';
import type { QualificationOutput } from './schemas.js';

export const qualifications = new ClientRecords({
  table: 'immigration_qualification',
  thing: 'Qualification',
  latest: 'r.completion_date',
  period: ['enroll_date', 'completion_date'],
  columns: sql<QualificationOutput>`
    r.id, r.client_id, r.course, r.institute, r.degree, r.field_of_study, r.enroll_date, r.completion_date, r.country,
    r.created_at, r.updated_at`,
});
