type Schema = Readonly<Record<string, unknown>>;

/** Plausible values by field name, including fields that are always optional. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  username: 'admin@main.com',
  password: 'admin123',
  first_name: 'Maya',
  last_name: 'Sharma',
  gender: 'FEMALE',
  country: 'NP',
  nationality: 'NP',
  passport_country: 'NP',
  country_of_birth: 'NP',
  passport_no: 'PA0123456',
  agent_name: 'Kathmandu Study Link',
  agent_type: 'SUB_AGENT',
  title: 'Call about the missing documents',
  detail: 'Transcripts and translations are still missing.',
  comment: 'Left a message, will try again tomorrow.',
  content: 'Wants to begin in July.',
  name: 'Sydney CBD',
  state: 'NSW',
  hex_color: '#3788d8',
};
/** Optional fields that make an example more useful than the required ones alone. */
const SHOWN = new Set(['first_name', 'last_name', 'title', 'name', 'detail', 'content', 'agent_name']);

/**
 * Returns an example of a body: the required and the usual fields or, if none is required, a change of one field.
 * @returns undefined for a body without fields of its own
 */
export function bodyExample({ properties, required = [] }: Schema): Schema | undefined {
  const fields = Object.entries((properties ?? {}) as Record<string, Schema>);
  const needed = new Set(required as readonly string[]);
  const chosen = fields.filter(([name]) => needed.has(name) || (needed.size > 0 && SHOWN.has(name)));
  const shown = chosen.length > 0 ? chosen : oneOf(fields);
  return shown.length === 0
    ? undefined
    : Object.fromEntries(shown.map(([name, schema]) => [name, exampleOf(name, schema)]));
}

function oneOf(fields: readonly [string, Schema][]): [string, Schema][] {
  const telling = fields.find(
    ([name, schema]) => Object.hasOwn(BY_NAME, name) && fits(BY_NAME[name], schema),
  );
  return [telling ?? fields[0]].filter((field) => field !== undefined);
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  email: 'maya.sharma@example.com',
  date: '2026-03-31',
  'date-time': '2026-03-31T09:00:00Z',
  time: '09:30:00',
  decimal: '1500.00',
  uri: 'https://www.example.com',
  uuid: '6f8bcbe9-2f6e-4d6b-9c5c-3b0a3f2a4b11',
};

function exampleOf(name: string, schema: Schema): unknown {
  const { type, format, enum: values, minimum, items, oneOf: alternatives, allOf } = schema;
  const [first] = (alternatives ?? allOf ?? []) as Schema[];
  if (first) return exampleOf(name, first);
  if (Object.hasOwn(BY_NAME, name) && fits(BY_NAME[name], schema)) return BY_NAME[name];
  if (Array.isArray(values)) return values[0];
  if (typeof format === 'string' && Object.hasOwn(BY_FORMAT, format)) return BY_FORMAT[format];
  if (type === 'integer' || type === 'number') return Math.max(1, Number(minimum ?? 1));
  if (type === 'boolean') return true;
  if (type === 'array') return [exampleOf(name.replace(/s$/, ''), (items ?? {}) as Schema)];
  if (type === 'object') return bodyExample(schema) ?? {};
  return 'text';
}

function fits(value: unknown, { type, enum: values, maxLength }: Schema): boolean {
  if (Array.isArray(values)) return values.includes(value);
  return type === typeof value && String(value).length <= Number(maxLength ?? Number.POSITIVE_INFINITY);
}
