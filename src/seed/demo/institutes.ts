import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach, insertRows } from '../insert-rows.js';
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
  const institutes = await insertEach(
    transaction,
    'immigration_institute',
    agency.institutes.map(instituteOf),
    ({ name, shortName, phone, website }) => ({ name, short_name: shortName, phone, website, ...stamps }),
  );
  const ofInstitute = <Row>(rows: (profile: InstituteProfile) => readonly Row[]) =>
    institutes.flatMap((institute) =>
      rows(institute).map((row) => ({ institute_id: institute.id, ...row, ...stamps })),
    );
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
  const locations = await insertEach(
    transaction,
    'immigration_institute_location',
    ofInstitute((institute) =>
      institute.locations.map(([street_name, suburb, state, postcode, country]) => ({
        street_name,
        suburb,
        state,
        postcode,
        country,
        phone_number: institute.phone,
      })),
    ),
    (row) => row,
  );
  const intakes = await insertEach(
    transaction,
    'immigration_institute_intake',
    ofInstitute(() => intakesAround(calendar.now)),
    (row) => row,
  );
  const courses = await fillCourses(transaction, institutes, stamps);
  return institutes.map(({ id, name, locations: [[, , , , country]] }) => ({
    id,
    name,
    country,
    locationIds: locations.filter((row) => row.institute_id === id).map((row) => row.id),
    intakes: intakes
      .filter((row) => row.institute_id === id)
      .map((row) => ({ id: row.id, date: row.intake_date })),
    courses: courses.filter(({ instituteId }) => instituteId === id),
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
  institutes: readonly (InstituteProfile & { readonly id: number })[],
  stamps: Stamps,
) {
  const courses = institutes.flatMap((institute) =>
    institute.courses.map((course) => ({ ...course, instituteId: institute.id })),
  );
  const named = async (table: 'immigration_course_level' | 'immigration_broad_field', names: string[]) => {
    const rows = [...new Set(names)].map((name) => ({ name, ...stamps }));
    return new Map(
      (await insertEach(transaction, table, rows, (row) => row)).map(({ name, id }) => [name, id]),
    );
  };
  const levels = await named(
    'immigration_course_level',
    courses.map(({ level }) => level),
  );
  const broadFields = await named(
    'immigration_broad_field',
    courses.map(({ broad }) => broad),
  );
  const narrowFields = await insertEach(
    transaction,
    'immigration_narrow_field',
    [...new Map(courses.map(({ broad, narrow }) => [`${broad}|${narrow}`, { broad, narrow }])).values()],
    ({ broad, narrow }) => ({ name: narrow, broad_field_id: broadFields.get(broad)!, ...stamps }),
  );
  return await insertEach(transaction, 'immigration_course', courses, (course) => ({
    name: course.name,
    total_tuition_fee: course.fee.toFixed(2),
    institute_id: course.instituteId,
    level_id: levels.get(course.level)!,
    broad_field_id: broadFields.get(course.broad)!,
    narrow_field_id: narrowFields.find(
      ({ broad, narrow }) => broad === course.broad && narrow === course.narrow,
    )!.id,
    ...stamps,
  }));
}
