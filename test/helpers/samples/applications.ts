import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';
import { course, institute } from './catalog.js';
import { newClient } from './clients.js';
import { insert, newName as name } from './insert.js';
import type { Samples } from './sample.js';

const visaCategory = (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_visacategory', { name: name(), code: name() });

/** Returns a visa type of a category of its own. */
export async function visaType(transaction: TenantTransaction): Promise<number> {
  const visa_category_id = await visaCategory(transaction);
  return await insert(transaction, 'immigration_visatype', { name: name(), visa_category_id });
}

const applicationType = (transaction: TenantTransaction) =>
  insert(transaction, 'immigration_applicationtype', { title: name() });

/** Returns the first stage of an application type; of a new one if none is given. */
async function stage(transaction: TenantTransaction, type?: number): Promise<number> {
  return await insert(transaction, 'immigration_stage', {
    stage_name: name(),
    position: 1,
    application_type_id: type ?? (await applicationType(transaction)),
  });
}

/** Creates all that a college application needs. */
export async function collegeChoice(transaction: TenantTransaction) {
  const institute_id = await institute(transaction);
  const application_type_id = await applicationType(transaction);
  return {
    client_id: await newClient(transaction),
    application_type_id,
    stage_id: await stage(transaction, application_type_id),
    institute_id,
    course_id: await course(transaction, institute_id),
    start_date_id: await insert(transaction, 'immigration_institute_intake', {
      intake_date: '2026-07-01',
      institute_id,
    }),
    location_id: await insert(transaction, 'immigration_institute_location', {
      country: 'AU',
      state: 'NSW',
      institute_id,
    }),
  };
}

export const applicationSamples: Samples = {
  '/api/v1/visa-categories/': { body: { name: 'Sample' }, create: visaCategory },
  '/api/v1/visa-types/': { body: { visa_category_id: 1, name: 'Sample' }, create: visaType },
  '/api/v1/visa-applications/': {
    body: { client_id: 1, visa_type_id: 1, immigration_fee: '1.00', service_fee: '1.00' },
    create: async (transaction) =>
      insert(transaction, 'immigration_visaapplication', {
        client_id: await newClient(transaction),
        visa_type_id: await visaType(transaction),
        immigration_fee: '1.00',
        service_fee: '1.00',
      }),
  },
  '/api/v1/application-types/': { body: { title: 'Sample' }, create: applicationType },
  '/api/v1/stages/': {
    body: { application_type_id: 1, stage_name: 'Sample', stages: [] },
    create: (transaction) => stage(transaction),
  },
  '/api/v1/college-applications/': {
    body: {
      application_type_id: 1,
      client_id: 1,
      institute_id: 1,
      course_id: 1,
      start_date_id: 1,
      location_id: 1,
      total_tuition_fee: '1.00',
    },
    create: async (transaction) =>
      insert(transaction, 'immigration_collegeapplication', {
        ...(await collegeChoice(transaction)),
        total_tuition_fee: '1.00',
      }),
  },
};
