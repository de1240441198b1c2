import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertRows, type NewRow } from '../insert-rows.js';
import { DAY, date, type OfficeCalendar, timestamp } from './calendar.js';
import type { VisaType } from './catalogue.js';
import { type Activity, metadata } from './history.js';
import type { StaffMember } from './offices.js';
import type { AgencyProfile } from './profile.js';
import type { Random } from './random.js';
import type { StoredStory } from './stories.js';

type ApplicationRow = NewRow<'immigration_visaapplication'>;
type Progress = Pick<
  ApplicationRow,
  | 'status'
  | 'date_applied'
  | 'date_opened'
  | 'date_granted'
  | 'date_rejected'
  | 'date_withdrawn'
  | 'final_date'
  | 'expiry_date'
>;

/** Stores the visa applications of those who became clients, and returns their timeline entries. */
export async function fillVisaApplications(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  stories: readonly StoredStory[],
  calendar: OfficeCalendar,
  random: Random,
): Promise<Activity[]> {
  const applications = stories
    .flatMap((story) => {
      const signed = story.changes.find(({ to }) => to === 'CLIENT')?.at;
      const by = story.consultant ?? story.branch.staff[0]!;
      if (signed === undefined || !random.chance(0.88)) return [];
      const closed = story.changes.find(({ to }) => to === 'CLOSE')?.at;
      const type = random.pick(story.visa.types);
      return [{ by, type, ...application(agency, story, by, type, calendar, random, signed, closed) }];
    })
    .sort((a, b) => a.createdAt - b.createdAt);
  const ids = await insertRows(
    transaction,
    'immigration_visaapplication',
    applications.map(({ row }) => row),
  );
  return applications.map(({ by, type, row, createdAt }, index) => ({
    activity_type: 'VISA_APPLICATION_CREATED',
    description: `Visa Application created: ${type.profile.name}`,
    metadata: metadata(withMoney(row), by, {
      visa_application_id: ids[index]!,
      visa_type_name: type.profile.name,
    }),
    created_at: timestamp(createdAt),
    client_id: row.client_id!,
    performed_by_id: by.id,
  }));
}

function application(
  agency: AgencyProfile,
  story: StoredStory,
  by: StaffMember,
  type: VisaType,
  calendar: OfficeCalendar,
  random: Random,
  signed: number,
  closed: number | undefined,
): { row: ApplicationRow; createdAt: number } {
  const createdAt = Math.min(
    calendar.officeHours(signed + random.integer(0, 6) * DAY, signed),
    closed ?? calendar.now,
  );
  const progress = followThrough(calendar.now, random, createdAt, closed);
  const applied = progress.status !== 'TO_BE_APPLIED';
  const serviceFee = agency.currency === 'NPR' ? random.integer(8, 30) * 5000 : random.integer(6, 40) * 110;
  const row = {
    client_id: story.id,
    visa_type_id: type.id,
    assigned_to_id: story.consultant?.id ?? null,
    transaction_reference_no: applied ? random.digits('EGO#########') : null,
    immigration_fee: type.profile.fee.toFixed(2),
    immigration_fee_currency: type.profile.currency,
    service_fee: serviceFee.toFixed(2),
    service_fee_currency: agency.currency,
    dependent: random.chance(0.15),
    notes: random.chance(0.2) ? 'Prefers to be informed by e-mail.' : null,
    required_documents: type.profile.checklist.map((name) => ({
      name,
      received: applied || random.chance(0.5),
    })),
    created_by_id: by.id,
    updated_by_id: by.id,
    created_at: timestamp(createdAt),
    updated_at: timestamp(createdAt),
    ...progress,
  };
  return { row, createdAt };
}

/**
 * Makes up the progress of an application until now; everything depends on the day on which the client's file was
 * closed.
 */
function followThrough(
  now: number,
  random: Random,
  start: number,
  closed: number | undefined,
): Required<Progress> {
  const applied = start + random.integer(7, 40) * DAY;
  const opened = applied + random.integer(10, 60) * DAY;
  const decided = opened + random.integer(25, 150) * DAY;
  const squeeze = closed === undefined ? 1 : Math.min(1, (closed - start) / (decided - start));
  const on = (time: number) => start + (time - start) * squeeze;
  const until = closed ?? now;
  const reached = (time: number) => on(time) <= until;
  const dates = {
    date_applied: reached(applied) ? date(on(applied)) : null,
    date_opened: reached(opened) ? date(on(opened)) : null,
    date_granted: null,
    date_rejected: null,
    date_withdrawn: null,
    final_date: null,
    expiry_date: null,
  };
  const open = dates.date_opened ? 'CASE_OPENED' : dates.date_applied ? 'VISA_APPLIED' : 'TO_BE_APPLIED';
  if (!reached(decided)) return { status: open, ...dates };
  const status = random.weighted([
    ['GRANTED', 88],
    ['REJECTED', 8],
    ['WITHDRAWN', 4],
  ] as const);
  const day = date(on(decided));
  const expiry = status === 'GRANTED' ? date(on(decided) + random.integer(300, 1400) * DAY) : null;
  return {
    status,
    ...dates,
    [`date_${status.toLowerCase()}`]: day,
    final_date: day,
    expiry_date: expiry,
  };
}

/** Adds an amount and its currency as one value, as events show them. */
function withMoney({ immigration_fee_currency, service_fee_currency, ...row }: ApplicationRow) {
  return {
    ...row,
    immigration_fee: { amount: row.immigration_fee, currency: immigration_fee_currency },
    service_fee: { amount: row.service_fee, currency: service_fee_currency },
  };
}
