import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertRows, type NewRow } from '../insert-rows.js';
import { DAY, date, timestamp } from './calendar.js';
import type { DemoCatalogue } from './catalogue.js';
import { COUNTRIES } from './cultures.js';
import { TEXTS } from './data.js';
import type { Random } from './random.js';
import type { StoredStory } from './stories.js';

/** Stores passports, qualifications, language tests and employments of clients who have progressed far enough. */
export async function fillProfileRecords(
  transaction: TenantTransaction,
  stories: readonly StoredStory[],
  catalogue: DemoCatalogue,
  now: number,
  random: Random,
): Promise<void> {
  const passports: NewRow<'immigration_passport'>[] = [];
  const qualifications: NewRow<'immigration_qualification'>[] = [];
  const proficiencies: NewRow<'immigration_proficiency'>[] = [];
  const employments: NewRow<'immigration_employment'>[] = [];
  for (const story of stories) {
    if (story.stage === 'LEAD') continue;
    const by = (story.consultant ?? story.branch.staff[0]!).id;
    const entered = timestamp(story.changes[0]!.at);
    const stamps = { created_at: entered, updated_at: entered, created_by_id: by, updated_by_id: by };
    const { id: client_id, person } = story;
    if (random.chance(0.7)) passports.push({ ...passport(story, now, random), id: client_id, ...stamps });
    if (random.chance(0.6))
      qualifications.push({ ...qualification(story, now, random), client_id, ...stamps });
    if (random.chance(0.45)) proficiencies.push({ ...ielts(catalogue, now, random), client_id, ...stamps });
    if (random.chance(0.3)) {
      const end = now - random.integer(20, 700) * DAY;
      employments.push({
        employer_name: random.pick(TEXTS.employers),
        position: random.pick(TEXTS.jobs),
        start_date: date(end - random.integer(200, 1400) * DAY),
        end_date: date(end),
        country: person.country,
        client_id,
        ...stamps,
      });
    }
  }
  await insertRows(transaction, 'immigration_passport', passports);
  await insertRows(transaction, 'immigration_qualification', qualifications);
  await insertRows(transaction, 'immigration_proficiency', proficiencies);
  await insertRows(transaction, 'immigration_employment', employments);
}

function passport({ person }: StoredStory, now: number, random: Random): NewRow<'immigration_passport'> {
  const issued = now - random.integer(100, 3000) * DAY;
  return {
    passport_no: random.digits(`${random.pick(['PA', 'N', 'E', 'BA'])}#######`),
    passport_country: person.country,
    date_of_issue: date(issued),
    date_of_expiry: date(issued + 3652 * DAY),
    place_of_issue: random.pick(COUNTRIES[person.country]!.places)[0],
    country_of_birth: person.country,
    nationality: person.country,
  };
}

function qualification(
  { person }: StoredStory,
  now: number,
  random: Random,
): NewRow<'immigration_qualification'> {
  const [course, degree, field_of_study] = random.pick(TEXTS.degrees);
  const completed = now - random.integer(60, 2500) * DAY;
  return {
    course,
    degree,
    field_of_study,
    institute: `${random.pick(COUNTRIES[person.country]!.places)[0]} College`,
    enroll_date: date(completed - random.integer(2, 4) * 365 * DAY),
    completion_date: date(completed),
    country: person.country,
  };
}

/** Returns four bands and their mean, rounded to the nearest half as IELTS does. */
function ielts(catalogue: DemoCatalogue, now: number, random: Random): NewRow<'immigration_proficiency'> {
  const band = () => random.integer(11, 16) / 2;
  const bands = [band(), band(), band(), band()] as const;
  const mean = bands.reduce((sum, value) => sum + value, 0) / bands.length;
  const [speaking, reading, listening, writing] = bands.map((value) => value.toFixed(1));
  return {
    test_name_id: catalogue.examIds.get('IELTS Academic')!,
    overall_score: (Math.floor(mean * 2 + 0.5) / 2).toFixed(1),
    speaking_score: speaking!,
    reading_score: reading!,
    listening_score: listening!,
    writing_score: writing!,
    test_date: date(now - random.integer(20, 700) * DAY),
  };
}
