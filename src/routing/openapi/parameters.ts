/** Descriptions of parameters that mean the same everywhere. */
const BY_NAME: Readonly<Record<string, string>> = {
  search: 'Text anywhere in the names, addresses and numbers of the record, whatever the case.',
  include_deleted: 'Includes archived records.',
  include_overdue: 'Includes overdue records.',
  include_read: 'Includes notifications that were read.',
  active: 'Whether the client is active.',
  is_active: 'Whether it, or the user, is active.',
  is_completed: 'Whether it was dealt with.',
  read: 'Whether it was read.',
  activity_type: 'What happened, such as STAGE_CHANGED; repeat it for several.',
  days: 'Number of days ahead.',
  format: 'The form of the answer.',
  country: 'Code of a country, such as NP.',
  stage: 'Stage of the client: LEAD, FOLLOW_UP, CLIENT or CLOSE.',
  status: 'Status; repeat it for several.',
  priority: 'Priority; repeat it for several.',
  type: 'Kind of the notification, such as TASK_ASSIGNED.',
  assigned_to: 'Id of the assigned user.',
  assigned_to_id: 'Id of the assigned user.',
  author: 'Id of the user who wrote it.',
  created_by: 'Id of the user who made it.',
  created_by_id: 'Id of the user who made it.',
  content_type: 'Id of the type of the related record, with object_id.',
  object_id: 'Id of the related record, with content_type.',
  record_id: 'Id of the record that was changed.',
  level: 'Id of a course level.',
  'Last-Event-ID': 'Id of the last notification received; later ones are sent first.',
};
const DATES: Readonly<Record<string, string>> = {
  from: 'on this day or later',
  to: 'on this day or earlier',
  after: 'at this moment or later',
  before: 'at this moment or earlier',
};
const RELATED =
  /^(client|institute|branch|region|broad_field|narrow_field|visa_category|visa_type|stage|application_type|test_name|agent|course)(_id)?$/;

interface Schema {
  readonly type?: unknown;
  readonly format?: unknown;
}

/** Returns the description of a query parameter or header; undefined if its name is not known. */
export function parameterDescription(name: string, { type, format }: Schema): string | undefined {
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  const [, related] = RELATED.exec(name) ?? [];
  if (related && type === 'integer')
    return `Id of the ${words(related === 'test_name' ? 'language exam' : related)}.`;
  const [, what = '', end = ''] = /^(?:(\w+)_)?(from|to|after|before)$/.exec(name) ?? [];
  if (end) return `${capital(words(what || 'what is shown'))} ${DATES[end]}.`;
  if (format === 'date') return `Exactly this ${words(name)}.`;
  if (type === 'string') return `Text anywhere in the ${words(name)}, whatever the case.`;
  return undefined;
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
