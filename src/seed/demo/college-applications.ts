import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach } from '../insert-rows.js';
import { DAY, date, type OfficeCalendar, timestamp } from './calendar.js';
import type { DemoCatalogue } from './catalogue.js';
import { type Activity, metadata } from './history.js';
import type { Random } from './random.js';
import type { StoredStory } from './stories.js';

const TYPES = [
  {
    title: 'University admission',
    description: 'Bachelor and master courses.',
    stages: [
      'Application submitted',
      'Offer received',
      'Fee paid',
      'Enrolment confirmed',
      'Visa lodged',
      'Enrolled',
    ],
  },
  {
    title: 'College and language course',
    description: 'Diplomas, certificates and language courses.',
    stages: ['Application submitted', 'Offer accepted', 'Enrolment confirmed', 'Started'],
  },
] as const;
const UNIVERSITY = 0;
const COLLEGE = 1;
/** Approximate number of days that an application stays in one stage. */
const STAGE_DAYS = 35;

/**
 * Stores application types with their stages, and the college applications of clients who want to study.
 * @returns their timeline entries
 */
export async function fillCollegeApplications(
  transaction: TenantTransaction,
  currency: string,
  stories: readonly StoredStory[],
  catalogue: DemoCatalogue,
  adminId: number,
  calendar: OfficeCalendar,
  random: Random,
): Promise<Activity[]> {
  const types = await fillTypes(transaction, currency, adminId, calendar);
  const applications = stories
    .flatMap((story) => {
      const signed = story.changes.find(({ to }) => to === 'CLIENT')?.at;
      if (signed === undefined || !random.chance(0.7)) return [];
      const institutes = catalogue.institutes.filter(({ country }) => country === story.visa.studyIn);
      if (institutes.length === 0) return [];
      const institute = random.pick(institutes);
      const by = story.consultant ?? story.branch.staff[0]!;
      const createdAt = Math.min(
        calendar.officeHours(signed + random.integer(1, 9) * DAY, signed),
        calendar.now,
      );
      const course = random.pick(institute.courses);
      const type = types[institute.name.includes('University') ? UNIVERSITY : COLLEGE]!;
      const intake =
        institute.intakes.find((intake) => intake.date > date(createdAt + 60 * DAY)) ??
        institute.intakes.at(-1)!;
      const reached = Math.floor((calendar.now - createdAt) / DAY / STAGE_DAYS);
      const times = { created_at: timestamp(createdAt), updated_at: timestamp(createdAt) };
      const row = {
        application_type_id: type.id,
        stage_id: type.stageIds[Math.min(reached, type.stageIds.length - 1)]!,
        client_id: story.id,
        institute_id: institute.id,
        course_id: course.id,
        location_id: random.pick(institute.locationIds),
        start_date_id: intake.id,
        finish_date: date(Date.parse(intake.date) + random.integer(1, 3) * 365 * DAY),
        total_tuition_fee: course.fee.toFixed(2),
        student_id: reached > 2 ? random.digits('S########') : '',
        notes: '',
        super_agent_id: random.chance(0.25) ? random.pick(catalogue.superAgentIds) : null,
        sub_agent_id: random.chance(0.2) ? random.pick(catalogue.subAgentIds) : null,
        assigned_to_id: story.consultant?.id ?? null,
        created_by_id: by.id,
        updated_by_id: by.id,
        ...times,
      };
      return [{ by, institute, course, row }];
    })
    .sort((a, b) => a.row.created_at.localeCompare(b.row.created_at));
  const inserted = await insertEach(
    transaction,
    'immigration_collegeapplication',
    applications,
    ({ row }) => row,
  );
  return inserted.map(({ by, institute, course, row, id }) => ({
    activity_type: 'COLLEGE_APPLICATION_CREATED',
    description: `College Application created: ${course.name} at ${institute.name}`,
    metadata: metadata(row, by, {
      application_id: id,
      institute_name: institute.name,
      course_name: course.name,
    }),
    created_at: row.created_at,
    client_id: row.client_id,
    performed_by_id: by.id,
  }));
}

async function fillTypes(
  transaction: TenantTransaction,
  currency: string,
  adminId: number,
  calendar: OfficeCalendar,
): Promise<{ id: number; stageIds: number[] }[]> {
  const entered = timestamp(calendar.officeHours(calendar.now - 690 * DAY));
  const stamps = { created_at: entered, updated_at: entered, created_by_id: adminId, updated_by_id: adminId };
  const [tax_name, tax_percentage] = currency === 'NPR' ? ['VAT', '13.00'] : ['GST', '10.00'];
  const types = await insertEach(transaction, 'immigration_applicationtype', TYPES, (type) => ({
    title: type.title,
    description: type.description,
    currency,
    tax_name,
    tax_percentage,
    ...stamps,
  }));
  const stages = await insertEach(
    transaction,
    'immigration_stage',
    types.flatMap((type) =>
      type.stages.map((stage_name, position) => ({
        stage_name,
        position: position + 1,
        application_type_id: type.id,
        ...stamps,
      })),
    ),
    (row) => row,
  );
  return types.map(({ id }) => ({
    id,
    stageIds: stages.filter((stage) => stage.application_type_id === id).map((stage) => stage.id),
  }));
}
