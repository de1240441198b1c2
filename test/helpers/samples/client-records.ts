import type { TenantTables } from '../../../src/database/generated/tables.js';
import type { Insertable } from '../../../src/database/table-types.js';
import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';
import { PASSPORT_NUMBER } from '../secret-samples.js';
import { newClient } from './clients.js';
import { insert } from './insert.js';
import type { ResourceSample, Samples } from './sample.js';

/** Names are unique, so that each exam has another. */
const newExam = (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_lpe', { name: `Sample ${Math.random()}`, validity_term: 2 });

/** Returns a record of a new client. */
function ofClient<T extends keyof TenantTables>(
  table: T,
  body: Omit<Insertable<TenantTables[T]>, 'client_id'>,
): ResourceSample {
  return {
    body: { client_id: 1, ...body },
    async create(transaction) {
      const client_id = await newClient(transaction);
      return await insert(transaction, table, { ...body, client_id } as unknown as Insertable<
        TenantTables[T]
      >);
    },
  };
}

const passport = {
  passport_no: PASSPORT_NUMBER,
  passport_country: 'NP',
  country_of_birth: 'NP',
  nationality: 'NP',
  date_of_expiry: '2040-01-01',
};

export const clientRecordSamples: Samples = {
  '/api/v1/language-exams/': {
    body: { name: 'Sample' },
    create: newExam,
  },
  '/api/v1/language-proficiencies/': {
    body: { client_id: 1, test_name_id: 1, overall_score: '7.5', test_date: '2030-01-01' },
    async create(transaction) {
      const client_id = await newClient(transaction);
      const test_name_id = await newExam(transaction);
      return await insert(transaction, 'immigration_proficiency', { client_id, test_name_id });
    },
  },
  '/api/v1/qualifications/': ofClient('immigration_qualification', { course: 'Sample' }),
  '/api/v1/employments/': ofClient('immigration_employment', {
    employer_name: 'Sample',
    position: 'Sample',
    start_date: '2020-01-01',
    end_date: '2021-01-01',
    country: 'NP',
  }),
  '/api/v1/passports/': {
    body: { client_id: 1, ...passport },
    async create(transaction) {
      const id = await newClient(transaction);
      await insert(transaction, 'immigration_passport', { id, ...passport });
      return id;
    },
  },
};
