import type { TenantTables } from '../../../src/database/generated/tables.js';
import type { Insertable } from '../../../src/database/table-types.js';
import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';
import { insert, newName as name } from './insert.js';
import type { ResourceSample, Samples } from './sample.js';

type Table = keyof TenantTables;

export const institute = (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_institute', { name: name(), short_name: 'S' });
const level = (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_course_level', { name: name() });
const broadField = (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_broad_field', { name: name() });
const narrowField = async (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_narrow_field', {
    name: name(),
    broad_field_id: await broadField(transaction),
  });

/** Returns a course of an institute; of a new one if none is given. */
export async function course(transaction: TenantTransaction, institute_id?: number): Promise<number> {
  return await insert(transaction, 'immigration_course', {
    name: name(),
    total_tuition_fee: '1.00',
    coe_fee: '1.00',
    institute_id: institute_id ?? (await institute(transaction)),
    level_id: await level(transaction),
    broad_field_id: await broadField(transaction),
    narrow_field_id: await narrowField(transaction),
  });
}

/** Returns a sample of something that belongs to an institute. */
function part<T extends Table>(
  table: T,
  values: Omit<Insertable<TenantTables[T]>, 'institute_id'>,
): Pick<ResourceSample, 'create'> {
  return {
    create: async (transaction) =>
      insert(transaction, table, { ...values, institute_id: await institute(transaction) } as never),
  };
}

export const catalogSamples: Samples = {
  '/api/v1/institutes/': {
    body: { name: 'Sample', short_name: 'S' },
    create: (transaction, { archived }) =>
      insert(transaction, 'immigration_institute', {
        name: name(),
        short_name: 'S',
        deleted_at: archived ? new Date().toISOString() : null,
      }),
  },
  '/api/v1/institute-locations/': {
    ...part('immigration_institute_location', { country: 'AU', state: 'NSW' }),
    body: { country: 'AU', state: 'NSW', institute: 1 },
  },
  '/api/v1/institute-intakes/': {
    ...part('immigration_institute_intake', { intake_date: '2026-07-01' }),
    body: { intake_date: '2026-07-01', institute: 1 },
  },
  '/api/v1/institute-contact-persons/': {
    ...part('immigration_institute_contact_person', { name: 'Sample' }),
    body: { name: 'Sample', institute: 1 },
  },
  '/api/v1/institute-requirements/': {
    ...part('immigration_institute_requirement', { title: 'Sample' }),
    body: { title: 'Sample', institute: 1 },
  },
  '/api/v1/course-levels/': { body: { name: 'Sample' }, create: level },
  '/api/v1/broad-fields/': { body: { name: 'Sample' }, create: broadField },
  '/api/v1/narrow-fields/': { body: { name: 'Sample', broad_field: 1 }, create: narrowField },
  '/api/v1/courses/': {
    body: {
      name: 'Sample',
      total_tuition_fee: '1.00',
      coe_fee: '1.00',
      institute: 1,
      level: 1,
      broad_field: 1,
      narrow_field: 1,
    },
    create: (transaction) => course(transaction),
  },
};
