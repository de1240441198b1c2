import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach, type NewRow } from '../insert-rows.js';
import { DAY, date, HOUR, type OfficeCalendar, timestamp } from './calendar.js';
import type { DemoCatalogue, VisaCategory } from './catalogue.js';
import { COUNTRIES, makePerson, type Person } from './cultures.js';
import type { Branch, Offices, StaffMember } from './offices.js';
import type { AgencyProfile } from './profile.js';
import type { Random } from './random.js';

export type Stage = 'LEAD' | 'FOLLOW_UP' | 'CLIENT' | 'CLOSE';

interface StageChange {
  readonly from: Stage;
  readonly to: Stage;
  readonly at: number;
}

/** A client and what has happened since they first came. Times are milliseconds since 1970. */
export interface Story {
  readonly person: Person;
  readonly branch: Branch;
  readonly visa: VisaCategory;
  readonly row: Draft;
  readonly createdAt: number;
  /** The consultant of the client; null while there is none. */
  readonly consultant: StaffMember | null;
  readonly assignedAt: number;
  readonly changes: readonly StageChange[];
  readonly stage: Stage;
  readonly archivedAt: number | null;
}

export type StoredStory = Story & { readonly id: number };

/** Returns when the client last moved to another stage, or came. */
export function lastStep({ changes, createdAt }: Story): number {
  return changes.at(-1)?.at ?? createdAt;
}

type Draft = NewRow<'immigration_client'>;

const HISTORY_DAYS = 540;
const SOURCES = [
  'Website',
  'Facebook',
  'Walk-in',
  'Education fair',
  'Friend or family',
  'Google',
  'TikTok',
  '',
];

/** Makes up clients of the last 18 months, the oldest first, and stores them. */
export async function fillClients(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  offices: Offices,
  catalogue: DemoCatalogue,
  calendar: OfficeCalendar,
  random: Random,
): Promise<StoredStory[]> {
  const created = Array.from({ length: agency.clientCount }, () =>
    calendar.officeHours(calendar.now - HISTORY_DAYS * DAY * random.fraction() ** 1.2),
  ).sort((a, b) => a - b);
  const taken = new Set<string>();
  const stories = created.map((at) => tellStory(agency, offices, catalogue, calendar, random, at, taken));
  return await insertEach(transaction, 'immigration_client', stories, ({ row }) => row);
}

function tellStory(
  agency: AgencyProfile,
  offices: Offices,
  catalogue: DemoCatalogue,
  calendar: OfficeCalendar,
  random: Random,
  createdAt: number,
  taken: Set<string>,
): Story {
  const person = makePerson(random, random.weighted(agency.cultures));
  const branch = random.weighted(
    offices.branches.map((branch, index) => [branch, index === 0 ? 3 : 2] as const),
  );
  const visa = random.weighted(catalogue.visas.map((visa, index) => [visa, index === 0 ? 5 : 2] as const));
  const changes = stageChanges(random, calendar, createdAt);
  const stage = changes.at(-1)?.to ?? 'LEAD';
  const [branchAdmin, ...consultants] = branch.staff;
  const waiting = stage === 'LEAD' && random.chance(0.35);
  const consultant = waiting ? null : random.chance(0.15) ? branchAdmin! : random.pick(consultants);
  const lastChange = changes.at(-1)?.at ?? createdAt;
  const archived = random.chance(stage === 'CLIENT' ? 0 : 0.04);
  const archivedAt = archived
    ? calendar.officeHours(lastChange + random.integer(1, 20) * DAY, lastChange)
    : null;
  const createdBy = random.chance(0.5) && consultant ? consultant : branchAdmin!;
  const row: Draft = {
    ...personal(agency, branch, person, calendar, random, taken),
    stage,
    active: stage === 'CLIENT' || (stage !== 'CLOSE' && random.chance(0.6)),
    description: describe(random, visa),
    referred_by: random.pick(SOURCES),
    agent_id: random.chance(0.3) ? random.pick([...catalogue.subAgentIds, ...catalogue.superAgentIds]) : null,
    assigned_to_id: consultant?.id ?? null,
    branch_id: branch.id,
    visa_category_id: random.chance(0.93) || stage === 'CLIENT' ? visa.id : null,
    created_by_id: createdBy.id,
    updated_by_id: (changes.length > 0 && consultant ? consultant : createdBy).id,
    created_at: timestamp(createdAt),
    updated_at: timestamp(archivedAt ?? lastChange),
    deleted_at: archivedAt === null ? null : timestamp(archivedAt),
  };
  // Soon after they came, and before anything else happened.
  const firstChange = changes[0]?.at ?? calendar.now;
  const assignedAt = createdAt + Math.min(random.fraction() * 2 * HOUR, (firstChange - createdAt) / 2);
  return { person, branch, visa, row, createdAt, consultant, assignedAt, changes, stage, archivedAt };
}

/** Makes up a client's stage changes so far: the longer ago they came, the more there are. */
function stageChanges(random: Random, calendar: OfficeCalendar, createdAt: number): StageChange[] {
  const age = (calendar.now - createdAt) / DAY;
  const stage = random.weighted<Stage>(
    age < 14
      ? [
          ['LEAD', 7],
          ['FOLLOW_UP', 3],
        ]
      : age < 60
        ? [
            ['LEAD', 6],
            ['FOLLOW_UP', 8],
            ['CLIENT', 5],
            ['CLOSE', 1],
          ]
        : age < 200
          ? [
              ['LEAD', 3],
              ['FOLLOW_UP', 5],
              ['CLIENT', 9],
              ['CLOSE', 3],
            ]
          : [
              ['LEAD', 1],
              ['FOLLOW_UP', 2],
              ['CLIENT', 6],
              ['CLOSE', 9],
            ],
  );
  const path: Stage[] = ['LEAD'];
  if (stage !== 'LEAD' && random.chance(0.85)) path.push('FOLLOW_UP');
  if (stage === 'CLIENT' || (stage === 'CLOSE' && random.chance(0.65))) path.push('CLIENT');
  if (path.at(-1) !== stage) path.push(stage);

  const changes: StageChange[] = [];
  let at = createdAt;
  for (const [index, to] of path.entries()) {
    if (index === 0) continue;
    // Weeks between one step and the next, months as a client; less where the time since is short.
    const left = calendar.now - at;
    const usual = to === 'CLOSE' ? random.integer(40, 260) : random.integer(2, 35);
    const latest = calendar.officeHours(at + Math.min(usual * DAY, (left * 0.8) / (path.length - index)));
    at = Math.min(Math.max(latest, at + HOUR), calendar.now);
    changes.push({ from: path[index - 1]!, to, at });
  }
  return changes;
}

function personal(
  agency: AgencyProfile,
  branch: Branch,
  person: Person,
  calendar: OfficeCalendar,
  random: Random,
  taken: Set<string>,
): Draft {
  const nearby = random.chance(agency.livingNearby);
  const country = nearby ? agency.country : person.country;
  const { phone, places } = COUNTRIES[country]!;
  const [suburb, state, postcode] = random.pick(nearby ? branch.profile.nearby : places);
  const birth = calendar.now - random.integer(18 * 365, 43 * 365) * DAY;
  return {
    first_name: person.first,
    middle_name: '',
    last_name: person.last,
    gender: person.gender,
    dob: random.chance(0.95) ? date(birth) : null,
    phone_number: random.digits(phone),
    email: freeAddress(person, random, taken),
    street: `${random.integer(1, 240)} ${nearby ? random.pick(agency.streets) : 'Main Road'}`,
    suburb,
    state,
    postcode,
    country,
  };
}

function freeAddress(person: Person, random: Random, taken: Set<string>): string {
  const host = random.pick(['example.com', 'example.org', 'example.net', 'mail.example.com']);
  let address = `${person.handle}@${host}`;
  for (let n = 2; taken.has(address); n++) address = `${person.handle}${n}@${host}`;
  taken.add(address);
  return address;
}

function describe(random: Random, visa: VisaCategory): string {
  const wish = random.pick(visa.types).profile.name;
  return random.pick([
    `Interested in ${wish}.`,
    `Asked about ${wish}; wants to know costs and processing times.`,
    `Came with a friend. Would like to apply for ${wish} this year.`,
    `Previous application elsewhere was refused; second opinion on ${wish}.`,
    '',
  ]);
}
