import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach } from '../insert-rows.js';
import { DAY, type OfficeCalendar, timestamp } from './calendar.js';
import { LANGUAGE_EXAMS } from './institute-catalogue.js';
import { fillInstitutes, type Institute } from './institutes.js';
import type { AgencyProfile, VisaTypeProfile } from './profile.js';

export interface VisaType {
  readonly id: number;
  readonly profile: VisaTypeProfile;
}

export interface VisaCategory {
  readonly id: number;
  /** The country where its holders study; null when they do not. */
  readonly studyIn: string | null;
  readonly types: readonly VisaType[];
}

/** The records that clients choose from: visas, agents, institutes, exams. */
export interface DemoCatalogue {
  readonly visas: readonly VisaCategory[];
  readonly superAgentIds: readonly number[];
  readonly subAgentIds: readonly number[];
  readonly institutes: readonly Institute[];
  readonly examIds: ReadonlyMap<string, number>;
}

/** Fills in the records that clients choose from, as the user `adminId`. */
export async function fillCatalogue(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  calendar: OfficeCalendar,
  adminId: number,
): Promise<DemoCatalogue> {
  const entered = timestamp(calendar.officeHours(calendar.now - 700 * DAY));
  const stamps = { created_at: entered, updated_at: entered, created_by_id: adminId, updated_by_id: adminId };
  const visas = await fillVisas(transaction, agency);
  const agents = await insertEach(transaction, 'immigration_agent', agency.agents, (agent) => ({
    ...agent,
    ...stamps,
  }));
  const ofType = (type: string) => agents.filter((agent) => agent.agent_type === type).map(({ id }) => id);
  const exams = await insertEach(
    transaction,
    'immigration_lpe',
    LANGUAGE_EXAMS.map(([name, validity_term, description]) => ({ name, validity_term, description })),
    (exam) => exam,
  );
  return {
    visas,
    superAgentIds: ofType('SUPER_AGENT'),
    subAgentIds: ofType('SUB_AGENT'),
    institutes: await fillInstitutes(transaction, agency, calendar, stamps),
    examIds: new Map(exams.map(({ name, id }) => [name, id])),
  };
}

async function fillVisas(transaction: TenantTransaction, agency: AgencyProfile): Promise<VisaCategory[]> {
  const categories = await insertEach(
    transaction,
    'immigration_visacategory',
    agency.visas,
    ({ name, code, description }) => ({ name, code, description }),
  );
  const types = await insertEach(
    transaction,
    'immigration_visatype',
    categories.flatMap((category) => category.types.map((profile) => ({ profile, categoryId: category.id }))),
    ({ profile: { name, code, checklist }, categoryId }) => ({
      name,
      code,
      checklist: [...checklist],
      visa_category_id: categoryId,
    }),
  );
  return categories.map(({ id, studyIn }) => ({
    id,
    studyIn: studyIn ?? null,
    types: types.filter(({ categoryId }) => categoryId === id),
  }));
}
