import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertRows } from '../insert-rows.js';
import { date, type OfficeCalendar } from './calendar.js';
import { INTAKES, type InstituteProfile, instituteOf, REQUIREMENTS } from './institute-catalogue.js';
import type { AgencyProfile } from './profile.js';

export interface Institute {
  readonly id: number;
  readonly name: string;
  readonly country: string;
  readonly locationIds: readonly number[];
  /** Earliest first. */
  readonly intakes: readonly { readonly id: number; readonly date: string }[];
  readonly courses: readonly { readonly id: number; readonly name: string; readonly fee: number }[];
}

/** The creator of a row, and the time. */
export interface Stamps {
  readonly created_at: string;
  readonly updated_at: string;
  readonly created_by_id: number;
  readonly updated_by_id: number;
}

/** Fills in an agency's institutes with their locations, intakes, requirements, contacts and courses. */
export async function fillInstitutes(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  calendar: OfficeCalendar,
  stamps: Stamps,
): Promise<Institute[]> {
  const profiles = agency.institutes.map(instituteOf);
  const ids = await insertRows(
    transaction,
    'immigration_institute',
    profiles.map(({ name, shortName, phone, website }) => ({
      name,
      short_name: shortName,
      phone,
      website,
      ...stamps,
    })),
  );
  const ofInstitute = <Row>(rows: (profile: InstituteProfile) => readonly Row[]) =>
    profiles.flatMap((profile, index) =>
      rows(profile).map((row) => ({ institute_id: ids[index]!, ...row, ...stamps })),
    );

  const locations = ofInstitute(({ locations, phone }) =>
    locations.map(([street_name, suburb, state, postcode, country]) => ({
      street_name,
      suburb,
      state,
      postcode,
      country,
      phone_number: phone,
    })),
  );
  const intakes = ofInstitute(() => intakesAround(calendar.now));
  await insertRows(
    transaction,
    'immigration_institute_contact_person',
    ofInstitute(({ contact: [name, gender, position], phone, website }) => [
      { name, gender, position, phone, email: website.replace('https://', 'admissions@') },
    ]),
  );
  await insertRows(
    transaction,
    'immigration_institute_requirement',
    ofInstitute(() =>
      REQUIREMENTS.map(([title, description, requirement_type]) => ({
        title,
        description,
        requirement_type,
      })),
    ),
  );
  const locationIds = await insertRows(transaction, 'immigration_institute_location', locations);
  const intakeIds = await insertRows(transaction, 'immigration_institute_intake', intakes);
  const courses = await fillCourses(transaction, profiles, ids, stamps);
  return profiles.map(({ name, locations: [[, , , , country]] }, index) => ({
    id: ids[index]!,
    name,
    country,
    locationIds: locationIds.filter((_, row) => locations[row]!.institute_id === ids[index]),
    intakes: intakes.flatMap(({ institute_id, intake_date }, row) =>
      institute_id === ids[index] ? [{ id: intakeIds[row]!, date: intake_date }] : [],
    ),
    courses: courses.filter(({ instituteId }) => instituteId === ids[index]),
  }));
}

/** Returns the intakes of last year, this one and the next two. */
function intakesAround(now: number) {
  const year = new Date(now).getUTCFullYear();
  return [year - 1, year, year + 1, year + 2].flatMap((inYear) =>
    INTAKES.map(([month, name]) => ({
      intake_date: date(Date.UTC(inYear, month - 1, 20)),
      description: `${name} ${inYear}`,
    })),
  );
}

async function fillCourses(
  transaction: TenantTransaction,
  profiles: readonly InstituteProfile[],
  instituteIds: readonly number[],
  stamps: Stamps,
) {
  const courses = profiles.flatMap((profile, index) =>
    profile.courses.map((course) => ({ course, instituteId: instituteIds[index]! })),
  );
  const distinct = (of: (entry: (typeof courses)[number]) => string) => [...new Set(courses.map(of))];
  const named = async (table: 'immigration_course_level' | 'immigration_broad_field', names: string[]) => {
    const rows = names.map((name) => ({ name, ...stamps }));
    const ids = await insertRows(transaction, table, rows);
    return new Map(names.map((name, index) => [name, ids[index]!]));
  };
  const levels = await named(
    'immigration_course_level',
    distinct(({ course }) => course.level),
  );
  const broadFields = await named(
    'immigration_broad_field',
    distinct(({ course }) => course.broad),
  );
  const narrow = distinct(({ course }) => `${course.broad}|${course.narrow}`).map((pair) => pair.split('|'));
  const narrowIds = await insertRows(
    transaction,
    'immigration_narrow_field',
    narrow.map(([broad, name]) => ({ name: name!, broad_field_id: broadFields.get(broad!)!, ...stamps })),
  );
  const narrowFields = new Map(narrow.map((pair, index) => [pair.join('|'), narrowIds[index]!]));
  const ids = await insertRows(
    transaction,
    'immigration_course',
    courses.map(({ course, instituteId }) => ({
      name: course.name,
      total_tuition_fee: course.fee.toFixed(2),
      institute_id: instituteId,
      level_id: levels.get(course.level)!,
      broad_field_id: broadFields.get(course.broad)!,
      narrow_field_id: narrowFields.get(`${course.broad}|${course.narrow}`)!,
      ...stamps,
    })),
  );
  return courses.map(({ course: { name, fee }, instituteId }, index) => ({
    id: ids[index]!,
    name,
    fee,
    instituteId,
  }));
}
