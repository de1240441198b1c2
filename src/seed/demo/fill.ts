import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { forgetEvents } from '../forget-events.js';
import { insertRows } from '../insert-rows.js';
import { OfficeCalendar } from './calendar.js';
import { fillCatalogue } from './catalogue.js';
import { fillCollegeApplications } from './college-applications.js';
import { clientActivities, fillNotes } from './history.js';
import { fillOffices, type StaffPasswords } from './offices.js';
import type { AgencyProfile } from './profile.js';
import { fillProfileRecords } from './profile-records.js';
import { Random } from './random.js';
import { fillClients } from './stories.js';
import { fillVisaApplications } from './visa-applications.js';
import { fillWork } from './work.js';

/**
 * Fills a tenant with an agency's demonstration data. For the same profile and `now` (milliseconds since 1970)
 * it is the same data, but for ids that were used up before and the passwords' salts.
 */
export async function fillAgency(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  passwords: StaffPasswords,
  now: number,
): Promise<void> {
  const random = new Random(agency.seed);
  const calendar = new OfficeCalendar(now, random, agency.utcOffsetHours);
  const offices = await fillOffices(transaction, agency, calendar, passwords);
  const adminId = offices.admin.id;
  const catalogue = await fillCatalogue(transaction, agency, calendar, adminId);
  const stories = await fillClients(transaction, agency, offices, catalogue, calendar, random);
  await fillProfileRecords(transaction, stories, catalogue, now, random);
  const activities = [
    ...clientActivities(stories),
    ...(await fillNotes(transaction, stories, calendar, random)),
    ...(await fillVisaApplications(transaction, agency, stories, calendar, random)),
    ...(await fillCollegeApplications(
      transaction,
      agency.currency,
      stories,
      catalogue,
      adminId,
      calendar,
      random,
    )),
    ...(await fillWork(transaction, stories, offices.admin, calendar, random)),
  ].sort((a, b) => a.created_at!.localeCompare(b.created_at!));
  await insertRows(transaction, 'immigration_clientactivity', activities);
  // The timeline is written above, as it would have grown; handling the loading as events would double it.
  await forgetEvents(transaction);
}
