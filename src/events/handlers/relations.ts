/** A kind of record that events' records point to: where it lies, what it is called, what is worth knowing of it. */
export interface Relation {
  readonly table: string;
  /** SQL for what people call it. */
  readonly name: string;
  /** Its own foreign keys that recipients may use, without `_id`. */
  readonly links: readonly string[];
}

const PERSON = `coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), username)`;
const MADE_BY = ['created_by', 'updated_by'];

const user: Relation = { table: 'immigration_user', name: PERSON, links: [] };
const agent: Relation = { table: 'immigration_agent', name: 'agent_name', links: MADE_BY };

/** By the field that holds the record's id, without `_id`. `<field>_name` in a template is its name. */
export const RELATIONS: Readonly<Record<string, Relation>> = {
  assigned_to: user,
  assigned_by: user,
  author: user,
  created_by: user,
  updated_by: user,
  performed_by: user,
  client: {
    table: 'immigration_client',
    name: `trim(concat_ws(' ', first_name, last_name))`,
    links: ['assigned_to', 'branch', ...MADE_BY],
  },
  agent,
  sub_agent: agent,
  super_agent: agent,
  branch: { table: 'immigration_branch', name: 'name', links: MADE_BY },
  visa_category: { table: 'immigration_visacategory', name: 'name', links: [] },
  visa_type: { table: 'immigration_visatype', name: 'name', links: [] },
  institute: { table: 'immigration_institute', name: 'name', links: MADE_BY },
  course: { table: 'immigration_course', name: 'name', links: MADE_BY },
  application_type: { table: 'immigration_applicationtype', name: 'title', links: MADE_BY },
  stage: { table: 'immigration_stage', name: 'stage_name', links: MADE_BY },
};

/** The fields of RELATIONS that hold a user's id. */
export const USER_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(RELATIONS).filter((field) => RELATIONS[field] === user),
);
