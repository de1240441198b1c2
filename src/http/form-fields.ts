/** The fields of a form; a repeated one is a list. Has no prototype, since clients choose the names. */
export type FormFields = Record<string, string | string[]>;

/** Maximum number of fields in a form. Each costs time, and a form is parsed before anybody has logged in. */
export const MOST_FIELDS = 1_000;

/** Adds a field to a form; a repeated one becomes a list. */
export function addField(fields: FormFields, name: string, value: string): void {
  const known = fields[name];
  if (known === undefined) fields[name] = value;
  else if (Array.isArray(known)) known.push(value);
  else fields[name] = [known, value];
}
