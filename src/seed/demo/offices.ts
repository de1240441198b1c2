import { hashPassword } from '../../auth/passwords.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { insertEach, insertRows } from '../insert-rows.js';
import { DAY, type OfficeCalendar, timestamp } from './calendar.js';
import { plainLetters } from './cultures.js';
import type { AgencyProfile, BranchProfile, StaffProfile, StaffRole } from './profile.js';

export interface StaffMember {
  readonly id: number;
  readonly username: string;
  readonly fullName: string;
  readonly role: StaffRole | 'SUPER_ADMIN';
}

export interface Branch {
  readonly id: number;
  readonly regionId: number;
  readonly profile: BranchProfile;
  /** The staff, the admin first. */
  readonly staff: StaffMember[];
}

export interface Offices {
  readonly admin: StaffMember;
  readonly branches: readonly Branch[];
}

/** The log-ins and their passwords. The admin's username is the e-mail address. */
export interface StaffPasswords {
  readonly adminEmail: string;
  readonly admin: string;
  readonly staff: string;
}

const OPENED_DAYS_AGO = 900;

/** Returns `first.last`, in plain letters. */
export function staffUsername({ first, last }: Pick<StaffProfile, 'first' | 'last'>): string {
  return `${plainLetters(first)}.${plainLetters(last)}`;
}

/** Fills in regions, branches and staff with their groups, branches and regions. */
export async function fillOffices(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  calendar: OfficeCalendar,
  passwords: StaffPasswords,
): Promise<Offices> {
  const opened = timestamp(calendar.now - OPENED_DAYS_AGO * DAY);
  const stamps = { created_at: opened, updated_at: opened };
  const regions = await insertEach(
    transaction,
    'immigration_region',
    agency.regions,
    ({ name, description }) => ({ name, description, ...stamps }),
  );
  const branches = await insertEach(
    transaction,
    'immigration_branch',
    regions.flatMap((region) =>
      region.branches.map((profile): Omit<Branch, 'id'> => ({ profile, regionId: region.id, staff: [] })),
    ),
    ({ profile: { name, phone, street, place }, regionId }) => ({
      name,
      phone,
      street,
      suburb: place[0],
      state: place[1],
      postcode: place[2],
      country: agency.country,
      website: `https://${agency.emailDomain}`,
      region_id: regionId,
      ...stamps,
    }),
  );
  const regionIds = regions.map(({ id }) => id);
  const admin = await fillStaff(transaction, agency, calendar, passwords, regionIds, branches);
  return { admin, branches };
}

async function fillStaff(
  transaction: TenantTransaction,
  agency: AgencyProfile,
  calendar: OfficeCalendar,
  passwords: StaffPasswords,
  regionIds: readonly number[],
  branches: readonly Branch[],
): Promise<StaffMember> {
  const people = [
    {
      ...agency.admin,
      role: 'SUPER_ADMIN' as const,
      username: passwords.adminEmail,
      email: passwords.adminEmail,
    },
    ...agency.staff.map((person) => ({
      ...person,
      username: staffUsername(person),
      email: `${staffUsername(person)}@${agency.emailDomain}`,
    })),
  ];
  const hashed = await Promise.all(
    people.map(async (person) => ({
      ...person,
      password: await hashPassword(person.role === 'SUPER_ADMIN' ? passwords.admin : passwords.staff),
    })),
  );
  const users = await insertEach(transaction, 'immigration_user', hashed, (person, index) => ({
    username: person.username,
    email: person.email,
    password: person.password,
    first_name: person.first,
    last_name: person.last,
    is_staff: person.role === 'SUPER_ADMIN',
    is_superuser: person.role === 'SUPER_ADMIN',
    date_joined: timestamp(calendar.officeHours(calendar.now - (OPENED_DAYS_AGO - 25 * index) * DAY)),
  }));
  const groups = await transaction.query(sql<{ id: number; name: string }>`SELECT id, name FROM auth_group`);
  const groupIds = new Map(groups.map(({ id, name }) => [name, id]));
  const inGroup = [];
  const inBranch = [];
  const inRegion = [];
  const members: StaffMember[] = [];
  for (const person of users) {
    const { id: user_id, first, last, role, username } = person;
    const member = { id: user_id, username, fullName: `${first} ${last}`, role };
    members.push(member);
    inGroup.push({ user_id, group_id: groupIds.get(role)! });
    const branch = 'branch' in person ? branches[person.branch!] : undefined;
    branch?.staff.push(member);
    if (branch) inBranch.push({ user_id, branch_id: branch.id });
    // Region managers assign work to staff of their own region.
    const region = branch?.regionId ?? ('region' in person ? regionIds[person.region!] : undefined);
    if (region !== undefined) inRegion.push({ user_id, region_id: region });
  }
  await insertRows(transaction, 'immigration_user_groups', inGroup);
  await insertRows(transaction, 'immigration_user_branches', inBranch);
  await insertRows(transaction, 'immigration_user_regions', inRegion);
  return members[0]!;
}
