import type { NewRow } from './insert-rows.js';
import { pythonChoice } from './python-random.js';

/** The password of every user of the contract's data set. */
export const CONTRACT_PASSWORD = 'Passw0rd!23';

const COUNT = 10_000;
const HOUR = 3_600_000;

/** The creation time of row `i`: an hour before the loading, a millisecond after the row before it. */
export type TimeOf = (i: number) => string;

/** Returns the times of rows loaded at `now`, in milliseconds since 1970. */
export function timesBefore(now: number): TimeOf {
  return (i) => new Date(now - HOUR + i).toISOString();
}

function range<Row>(count: number, row: (i: number) => Row): Row[] {
  return Array.from({ length: count }, (_, i) => row(i));
}

function cycle<Item>(items: readonly Item[], i: number): Item {
  return items[i % items.length]!;
}

/** Returns the assignee of tasks and notifications: the admin for every other one, the rest in turn. */
const assignee = (i: number) => (i % 2 === 1 ? 1 : (i % 12) + 2);

const stamps = (at: TimeOf, i: number) => ({ created_at: at(i), updated_at: at(i) });

export function regions(at: TimeOf): NewRow<'immigration_region'>[] {
  return range(2, (i) => ({ name: `Region ${i}`, ...stamps(at, i) }));
}

export function branches(at: TimeOf): NewRow<'immigration_branch'>[] {
  return range(4, (i) => ({
    name: `Branch ${i}`,
    region_id: (i % 2) + 1,
    phone: '0200000000',
    country: 'AU',
    ...stamps(at, i),
  }));
}

/** A user with the group and the branch that go with it. */
export interface ContractUser {
  readonly row: NewRow<'immigration_user'>;
  readonly group: 'SUPER_ADMIN' | 'BRANCH_ADMIN' | 'CONSULTANT';
  readonly branchId: number;
}

/** Returns user 1 of both tenants. The passwords are set when the rows are written. */
export function admin(at: TimeOf): ContractUser {
  const row = {
    username: 'admin',
    first_name: 'Ada',
    last_name: 'Admin',
    email: 'admin@example.com',
    is_staff: true,
    is_superuser: true,
    date_joined: at(0),
  };
  return { row, group: 'SUPER_ADMIN', branchId: 1 };
}

/** Returns the users of the tenant main after the admin, from id 2. */
export function staff(at: TimeOf): ContractUser[] {
  return range(12, (u) => ({
    row: {
      username: `user${u}`,
      first_name: `First${u}`,
      last_name: `Last${u}`,
      email: `user${u}@example.com`,
      is_staff: false,
      is_superuser: false,
      date_joined: at(u + 1),
    },
    group: u < 4 ? 'BRANCH_ADMIN' : 'CONSULTANT',
    branchId: (u % 4) + 1,
  }));
}

export function visaCategories(): NewRow<'immigration_visacategory'>[] {
  return range(5, (i) => ({ name: `Visa Category ${i}` }));
}

export function agents(at: TimeOf): NewRow<'immigration_agent'>[] {
  return range(20, (i) => ({ agent_name: `Agent ${i}`, ...stamps(at, i) }));
}

export function clients(at: TimeOf): NewRow<'immigration_client'>[] {
  const choose = pythonChoice(7);
  return range(COUNT, (i) => {
    const gender = choose(['MALE', 'FEMALE']);
    const country = choose(['IN', 'NP', 'AU', 'CN']);
    return {
      first_name: `Given${i}`,
      last_name: `Family${i}`,
      gender,
      dob: `${1980 + (i % 25)}-${(i % 12) + 1}-${(i % 28) + 1}`,
      phone_number: `04${String(i).padStart(8, '0')}`,
      email: `client${i}@example.com`,
      street: `${i} High St`,
      suburb: 'Suburb',
      state: 'NSW',
      postcode: '2000',
      country,
      stage: cycle(['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'], i),
      active: i % 2 === 1,
      description: `Seeded client ${i}`,
      referred_by: 'web',
      agent_id: (i % 20) + 1,
      assigned_to_id: (i % 12) + 2,
      branch_id: (i % 4) + 1,
      created_by_id: 1,
      updated_by_id: 1,
      visa_category_id: (i % 5) + 1,
      ...stamps(at, i),
    };
  });
}

/** Returns the tasks. @param now the moment of loading, from which due dates count */
export function tasks(at: TimeOf, now: number): NewRow<'immigration_task'>[] {
  return range(COUNT, (i) => ({
    title: `Task ${i}`,
    detail: `Detail ${i}`,
    priority: cycle(['LOW', 'MEDIUM', 'HIGH', 'URGENT'], i),
    status: cycle(['PENDING', 'IN_PROGRESS', 'COMPLETED'], i),
    due_date: new Date(now + ((i % 2000) - 500) * HOUR).toISOString(),
    assigned_to_id: assignee(i),
    assigned_by_id: 1,
    created_by_id: 1,
    updated_by_id: 1,
    ...stamps(at, i),
  }));
}

export function notifications(at: TimeOf): NewRow<'immigration_notification'>[] {
  return range(COUNT, (i) => ({
    notification_type: 'TASK_ASSIGNED',
    title: `Notification ${i}`,
    message: `You have a task ${i}`,
    assigned_to_id: assignee(i),
    read: i % 3 === 0,
    ...stamps(at, i),
  }));
}
