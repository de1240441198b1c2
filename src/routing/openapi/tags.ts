/** Descriptions of the tags, in the order in which the documentation shows them. */
const TAGS: Readonly<Record<string, string>> = {
  token: 'Log in, refresh, verify and log out.',
  sessions: 'Devices on which a user is logged in, and logging out of them.',
  public: 'Information for a log-in page, before anybody is logged in.',
  clients: 'Clients with stages, timeline, picture and export.',
  'client-imports': 'Clients from CSV files: upload, dry run, run, undo.',
  passports: 'The passport of a client, one each.',
  qualifications: 'Education of clients.',
  employments: 'Work experience of clients.',
  'language-proficiencies': 'Results of language exams.',
  'language-exams': 'The language exams for which there can be results.',
  notes: 'Notes on clients.',
  'visa-applications': 'Applications for visas, with documents, counts and dashboard.',
  'visa-types': 'Visas that can be applied for.',
  'visa-categories': 'Kinds of visas; each client has one in mind.',
  'college-applications': 'Applications to colleges and universities, with stages, counts and dashboard.',
  'application-types': 'Kinds of college applications; each has stages of its own.',
  stages: 'The stages of an application type, in their order.',
  institutes: 'Colleges, universities and schools.',
  'institute-locations': 'Campuses of institutes.',
  'institute-intakes': 'Days on which courses of institutes begin.',
  'institute-contact-persons': 'Contact persons at institutes.',
  'institute-requirements': 'Requirements of institutes for applicants.',
  courses: 'Courses of institutes, with fees.',
  'course-levels': 'Levels of courses, such as Bachelor.',
  'broad-fields': 'Broad fields of study.',
  'narrow-fields': 'Narrow fields of study, each within a broad one.',
  'starter-catalogues': 'Visas, levels, fields and exams that a new agency can begin with.',
  tasks: 'Tasks of people and branches, with links to any record, comments and mentions.',
  events: 'The calendar.',
  reminders: 'Reminders on any record, at a day and time.',
  notifications: 'Notifications of a user, and their live stream.',
  deadlines: 'Everything that expires or falls due, in one list.',
  search: 'Search over all kinds of records.',
  reports: 'Figures by period, branch and scope, as JSON and CSV.',
  agents: 'Agents who refer clients, or through whom clients apply to colleges.',
  branches: 'Branches of the agency.',
  regions: 'Regions, each with branches.',
  users: 'Staff: who may log in, in which role, for which branches.',
  groups: 'Roles and what they permit.',
  permissions: 'Permissions that groups can have.',
  webhooks: 'Endpoints to which events of the agency are sent.',
  deliveries: 'Webhooks and e-mails, sent and waiting.',
  'agency-settings': 'Settings of the agency.',
  audit: 'Who changed what and when, before and after.',
  'second-factor': "The user's own authenticator app, passkeys and recovery codes.",
  'security-log': 'Log-ins, failures, changes of credentials and rights, refused requests.',
  root: 'Addresses of the lists.',
  'log-in': 'Log-in in two steps, and new tokens.',
  me: "The operator's own account and sessions.",
  operators: 'Operators and their roles.',
  schema: 'This documentation.',
  health: 'Whether the service is up.',
};

/** A tag as OpenAPI writes it. */
export interface Tag {
  readonly name: string;
  readonly description?: string;
}

/** Returns the tags in use, in order; those without a description come last. */
export function tagsOf(used: ReadonlySet<string>): Tag[] {
  const known = Object.entries(TAGS).filter(([name]) => used.has(name));
  const others = [...used].filter((name) => !Object.hasOwn(TAGS, name)).sort();
  return [
    ...known.map(([name, description]) => ({ name, description })),
    ...others.map((name) => ({ name })),
  ];
}
