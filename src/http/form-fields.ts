/** A form's fields; one that came several times is a list. Has no prototype, as the names are the client's. */
export type FormFields = Record<string, string | string[]>;

/** How many fields a form may have. Each costs time, and a form is read before anybody has logged in. */
export const MOST_FIELDS = 1_000;

/** Adds a field as it comes: what comes again becomes a list. */
export function addField(fields: FormFields, name: string, value: string): void {
  const known = fields[name];
  if (known === undefined) fields[name] = value;
  else if (Array.isArray(known)) known.push(value);
  else fields[name] = [known, value];
}
