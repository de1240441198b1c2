import { statement } from '../../src/database/statement.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import type { SearchResult } from '../../src/immigration/search/schemas.js';
import { type Answer, startTestApp, type TestApp } from './app.js';
import { collegeChoice } from './samples/applications.js';
import { insert } from './samples/insert.js';
import { seedStaff } from './staff.js';

/** The people of the agency, by first, middle and last name, with further data. */
const PEOPLE = {
  sharma: {
    first_name: 'Ramesh',
    middle_name: 'Kumar',
    last_name: 'Sharma',
    email: 'ramesh@example.com',
    branch_id: 1,
  },
  sharmaThree: { first_name: 'Rita', last_name: 'Sharma', phone_number: '+9779841555123', branch_id: 3 },
  sharmaNowhere: { first_name: 'Rohan', last_name: 'Sharma' },
  archived: { first_name: 'Radha', last_name: 'Sharma', deleted_at: '2026-01-01', branch_id: 1 },
  sharman: { first_name: 'Tom', last_name: 'Sharman', branch_id: 1 },
  shrestha: { first_name: 'Anjali', last_name: 'Shrestha', branch_id: 1 },
  nepali: { first_name: 'सीता', last_name: 'गुरुङ', branch_id: 1 },
  chinese: { first_name: '小明', last_name: '欧阳', branch_id: 1 },
  vietnamese: { first_name: 'Thị Hương', last_name: 'Nguyễn', branch_id: 1 },
  barred: { first_name: 'Mai', last_name: 'Đặng', branch_id: 1 },
  wildcard: { first_name: '100%', last_name: 'a_b\\c', branch_id: 1 },
} as const;

async function fill(transaction: TenantTransaction, ids: Record<string, number>): Promise<void> {
  for (const [name, person] of Object.entries(PEOPLE))
    ids[name] = await insert(transaction, 'immigration_client', { country: 'NP', ...person });
  const visa_category_id = 1;
  const student = await insert(transaction, 'immigration_visatype', {
    name: 'Student Subclass',
    code: 'SUB-500',
    visa_category_id,
  });
  const visa = (client: string, transaction_reference_no: string) =>
    insert(transaction, 'immigration_visaapplication', {
      client_id: ids[client] as number,
      visa_type_id: student,
      immigration_fee: '1.00',
      service_fee: '1.00',
      transaction_reference_no,
    });
  ids.visa = await visa('sharma', 'TRN-8812-XK');
  ids.visaThree = await visa('sharmaThree', 'TRN-8813-XK');
  ids.visaArchived = await visa('archived', 'TRN-8814-XK');
  const choice = await collegeChoice(transaction);
  await transaction.query(
    statement(
      "UPDATE immigration_institute SET name = 'University of Wollongong', short_name = 'UOW' WHERE id = $1",
      [choice.institute_id],
    ),
  );
  ids.institute = choice.institute_id;
  ids.college = await insert(transaction, 'immigration_collegeapplication', {
    ...choice,
    client_id: ids.shrestha as number,
    student_id: 'STU70045512',
    total_tuition_fee: '1.00',
  });
  ids.collegeThree = await insert(transaction, 'immigration_collegeapplication', {
    ...choice,
    client_id: ids.sharmaThree as number,
    student_id: 'STU70045513',
    total_tuition_fee: '1.00',
  });
  ids.collegeArchived = await insert(transaction, 'immigration_collegeapplication', {
    ...choice,
    client_id: ids.shrestha as number,
    student_id: 'STU70045514',
    total_tuition_fee: '1.00',
    deleted_at: '2026-01-01',
  });
  ids.agent = await insert(transaction, 'immigration_agent', {
    agent_name: 'Gopal Bista',
    company_name: 'Everest Consultants',
    email: 'gopal@everest.example.com',
  });
  await insert(transaction, 'immigration_agent', { agent_name: 'Everest Left', deleted_at: '2026-01-01' });
  await insert(transaction, 'immigration_institute', {
    name: 'Wollongong Closed',
    short_name: 'WC',
    deleted_at: '2026-01-01',
  });
}

/** An agency with records of every kind that the search finds, and users. */
export interface SearchedAgency {
  readonly app: TestApp;
  /** Ids of PEOPLE by name; of `visa`, `college`, `agent`, `institute` and the like. */
  readonly ids: Readonly<Record<string, number>>;
  insertClient(values: object): Promise<number>;
  ask(query: Record<string, string>, by?: string): Promise<Answer>;
  /** Returns the results, the best first. @throws Error when the search is rejected */
  results(q: string, by?: string, limit?: string): Promise<SearchResult[]>;
  /** Returns the results as `<kind> <title>`. */
  titles(q: string, by?: string): Promise<string[]>;
}

export async function startSearchedAgency(): Promise<SearchedAgency> {
  const app = await startTestApp();
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  const inTenant = <T>(work: (transaction: TenantTransaction) => Promise<T>) =>
    app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, work);
  const ids: Record<string, number> = {};
  await inTenant((transaction) => fill(transaction, ids));
  const tokens: Record<string, string> = {};
  const ask = async (query: Record<string, string>, by = 'admin') => {
    tokens[by] ??= await app.logIn(by);
    return await app.ask('GET', `/api/v1/search/?${new URLSearchParams(query)}`, { token: tokens[by] });
  };
  const results = async (q: string, by?: string, limit = '20'): Promise<SearchResult[]> => {
    const answer = await ask({ q, limit }, by);
    if (answer.status !== 200) throw new Error(`${q}: ${answer.status} ${answer.raw}`);
    return answer.body.results;
  };
  return {
    app,
    ids,
    ask,
    results,
    insertClient: (values) =>
      inTenant((transaction) => insert(transaction, 'immigration_client', values as { first_name: string })),
    titles: async (q, by) => (await results(q, by)).map(({ kind, title }) => `${kind} ${title}`),
  };
}
