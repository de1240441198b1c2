// The permissions of each role, in the words of the contract (behaviour.md, section 4): first what each group is
// granted, then what each resource requires. Nothing here is read from the program.

export const ROLES = ['SUPER_ADMIN', 'REGION_MANAGER', 'BRANCH_ADMIN', 'CONSULTANT', 'none'] as const;
/** One of the four groups, or no group. */
export type Role = (typeof ROLES)[number];

const all = (...models: string[]) =>
  ['view', 'add', 'change', 'delete'].flatMap((verb) => each(verb, ...models));
const each = (verb: string, ...models: string[]) => models.map((model) => `${verb}_${model}`);
const DAILY = ['client', 'visaapplication', 'task', 'note', 'profilepicture'];

/** Permissions that SUPER_ADMIN is not granted: groups are changed, but neither created nor deleted. */
const NOBODYS = all('group').filter((permission) => !/^(view|change)_/.test(permission));
/** No permission, but the role itself. */
const TO_BE_SUPER_ADMIN = 'be a SUPER_ADMIN';
const NOT_BRANCH_ADMINS = [
  TO_BE_SUPER_ADMIN,
  ...NOBODYS,
  'change_group',
  'add_branch',
  'change_branch',
  'delete_branch',
];
const REGION_MANAGERS = [
  ...all(...DAILY, 'institute'),
  ...['view_branch', 'add_branch', 'change_branch', 'view_user', 'change_user'],
  ...['view_notification', 'add_notification', 'view_clientactivity', 'view_region'],
];
const CONSULTANTS = [
  ...['view', 'add', 'change'].flatMap((verb) => each(verb, ...DAILY)),
  ...each('view', 'notification', 'user', 'clientactivity', 'institute'),
];

/** Functions that tell whether a role is granted a permission, by its codename. */
export const GRANTS: Readonly<Record<Role, (permission: string) => boolean>> = {
  SUPER_ADMIN: (permission) => !NOBODYS.includes(permission),
  BRANCH_ADMIN: (permission) => !NOT_BRANCH_ADMINS.includes(permission),
  REGION_MANAGER: (permission) => REGION_MANAGERS.includes(permission),
  CONSULTANT: (permission) => CONSULTANTS.includes(permission),
  none: () => false,
};

export type Deed = 'see' | 'create' | 'change' | 'remove';

/** The permissions of each deed, one of which suffices; none: anyone who is signed in. */
export interface Needs extends Readonly<Record<Deed, readonly string[]>> {
  /** The answer for a record out of scope; by default everybody reaches every record. */
  readonly elsewhere?: 403 | 404;
  /**
   * `own`: own records are in reach, and all of them for users with the whole tenant in scope; `private`: only own
   * records, whoever asks. By default: records of one's branches.
   */
  readonly reach?: 'own' | 'private';
  /** Whether the permission is checked after the record was found in reach, as there are other ways to be allowed. */
  readonly late?: boolean;
}

const SEEN = { create: [], change: [], remove: [] } as const;
const ANYONE = { see: [], ...SEEN } as const;
const only = (...permissions: string[]) => ({
  see: permissions,
  create: permissions,
  change: permissions,
  remove: permissions,
});
const model = (name: string) => ({
  see: [`view_${name}`],
  create: [`add_${name}`],
  change: [`change_${name}`],
  remove: [`delete_${name}`],
});
const catalogue = (name: string) => ({ ...model(name), see: [] });
const ofClient = { ...only('change_client'), see: ['view_client'], elsewhere: 403 } as const;

/** Needs by the path after /api/v1/, without ids; the longest match counts. */
export const NEEDS: Readonly<Record<string, Needs>> = {
  '': ANYONE,
  clients: { ...model('client'), elsewhere: 403 },
  'clients/profile-picture': { ...model('profilepicture'), see: ['view_client'], elsewhere: 403 },
  'clients/personal-data': only(TO_BE_SUPER_ADMIN),
  'clients/erase': only(TO_BE_SUPER_ADMIN),
  passports: ofClient,
  'language-proficiencies': ofClient,
  qualifications: ofClient,
  employments: ofClient,
  notes: { ...model('note'), elsewhere: 403 },
  'visa-applications': { ...model('visaapplication'), elsewhere: 403 },
  'college-applications': { ...model('collegeapplication'), elsewhere: 403 },
  agents: model('agent'),
  'application-types': model('applicationtype'),
  stages: { ...model('stage'), see: ['view_applicationtype'] },
  branches: { ...model('branch'), elsewhere: 404 },
  regions: { ...model('region'), elsewhere: 404 },
  users: { ...model('user'), see: ['add_user', 'change_user'], elsewhere: 404 },
  'users/assignable': ANYONE,
  'users/profile': ANYONE,
  'users/change-password': ANYONE,
  'users/sessions': { ...only('change_user'), elsewhere: 404 },
  'users/second-factor': { ...only('add_user', 'change_user'), elsewhere: 404 },
  'users/second-factor/reset': { ...only('change_user'), elsewhere: 404 },
  groups: model('group'),
  'groups/options': ANYONE,
  permissions: ANYONE,
  'second-factor': ANYONE,
  'second-factor/passkeys': { ...ANYONE, elsewhere: 404, reach: 'private' },
  sessions: { ...ANYONE, elsewhere: 404, reach: 'private' },
  'visa-types': catalogue('visatype'),
  'visa-categories': catalogue('visacategory'),
  institutes: catalogue('institute'),
  'institute-locations': catalogue('institutelocation'),
  'institute-intakes': catalogue('instituteintake'),
  'institute-contact-persons': catalogue('institutecontactperson'),
  'institute-requirements': catalogue('instituterequirement'),
  'course-levels': catalogue('courselevel'),
  'broad-fields': catalogue('broadfield'),
  'narrow-fields': catalogue('narrowfield'),
  courses: catalogue('course'),
  'language-exams': catalogue('lpe'),
  tasks: { ...model('task'), remove: ['view_task'], elsewhere: 404 },
  'tasks/add_comment': { ...only('view_task'), elsewhere: 404 },
  'tasks/cancel': { ...only('view_task'), elsewhere: 404 },
  'tasks/claim': { ...only('view_task'), elsewhere: 404 },
  'tasks/complete': { ...only('view_task'), elsewhere: 404 },
  events: { ...ANYONE, elsewhere: 403, reach: 'own' },
  reminders: { ...model('reminder'), see: [], create: [], elsewhere: 404, late: true },
  notifications: { ...ANYONE, elsewhere: 404, reach: 'private' },
  'client-imports': { ...only('add_client'), elsewhere: 404, reach: 'own' },
  audit: only(TO_BE_SUPER_ADMIN),
  'security-log': only(TO_BE_SUPER_ADMIN),
  webhooks: only(TO_BE_SUPER_ADMIN),
  deliveries: only(TO_BE_SUPER_ADMIN),
  'agency-settings': only(TO_BE_SUPER_ADMIN),
  'starter-catalogues': only(TO_BE_SUPER_ADMIN),
  search: ANYONE,
  deadlines: only('view_client'),
  reports: only('view_client'),
  'reports/college-applications': only('view_collegeapplication'),
};

/** Returns the row for a resource. @param name its path after /api/v1/, without ids */
export function needsOf(name: string): Needs {
  for (let prefix = name; prefix !== ''; prefix = prefix.replace(/(^|\/)[^/]*$/, '')) {
    const needs = NEEDS[prefix];
    if (needs) return needs;
  }
  if (name === '') return NEEDS[''] as Needs;
  throw new Error(`roles-table.ts does not say who may use ${name}`);
}

/** What a POST does that neither creates a record nor acts on one that its path names. */
export const POSTS: Readonly<Record<string, Deed>> = {
  'clients/bulk/assign': 'change',
  'clients/bulk/stage': 'change',
  'clients/bulk/archive': 'remove',
  'stages/reorder': 'change',
  'passports/upsert': 'create',
  'notifications/bulk_mark_read': 'change',
  'users/change-password': 'change',
  'starter-catalogues/load': 'create',
  'deliveries/retry': 'change',
  'deliveries/cancel': 'change',
};

/** Answers of further rules to those who are let in, at each place. */
type Answers = { readonly [place in 'in' | 'out']?: Readonly<Partial<Record<Role, number>>> };
const LET_IN_400 = { SUPER_ADMIN: 400, REGION_MANAGER: 400, BRANCH_ADMIN: 400, CONSULTANT: 400 };
const BY_ASSIGNEE_OR_ASSIGNER = { REGION_MANAGER: 404, BRANCH_ADMIN: 404, CONSULTANT: 404 };

/** Rules by `METHOD path`. The tasks here belong to the branch, assigned to nobody by the SUPER_ADMIN. */
export const FURTHER_RULES: Readonly<Record<string, Answers>> = {
  // A branch's staff reach a region only by its branches, and with branches it cannot be deleted.
  'DELETE regions': { in: { SUPER_ADMIN: 400, BRANCH_ADMIN: 400 } },
  'DELETE tasks': { in: { CONSULTANT: 403 } }, // creator, or an admin role
  'POST tasks/complete': { in: BY_ASSIGNEE_OR_ASSIGNER },
  'POST tasks/cancel': { in: BY_ASSIGNEE_OR_ASSIGNER },
  // The region manager sees the branch's tasks, but is no member of the branch; nor is the SUPER_ADMIN of the other.
  'POST tasks/add_comment': { in: { REGION_MANAGER: 404 } },
  'POST tasks/claim': { in: { REGION_MANAGER: 400 }, out: { SUPER_ADMIN: 400 } },
  // The samples neither run nor have run.
  'POST client-imports/cancel': { in: LET_IN_400, out: { SUPER_ADMIN: 400 } },
  'POST client-imports/undo': { in: LET_IN_400, out: { SUPER_ADMIN: 400 } },
  'POST client-imports/encoding': { in: LET_IN_400, out: { SUPER_ADMIN: 400 } }, // the sample's file tells it
  'POST starter-catalogues/load': { in: { SUPER_ADMIN: 400 } }, // the country is not given
  'POST users/invite': { in: LET_IN_400, out: { SUPER_ADMIN: 400 } }, // the sample is disabled
  'POST users/change-password': { in: { ...LET_IN_400, none: 400 } }, // the present one is not given
  // The sample has no session.
  'DELETE users/sessions': {
    in: { SUPER_ADMIN: 404, REGION_MANAGER: 404, BRANCH_ADMIN: 404 },
    out: { SUPER_ADMIN: 404 },
  },
  // Neither password nor code are given; a new passkey needs a browser.
  ...Object.fromEntries(
    [
      'totp',
      'totp/confirm',
      'totp/remove',
      'recovery-codes',
      'passkeys',
      'passkeys/options',
      'passkeys/remove',
    ].map((path) => [`POST second-factor/${path}`, { in: { ...LET_IN_400, none: 400 } }]),
  ),
};
