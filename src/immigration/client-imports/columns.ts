import { ClientCreate } from '../shared/client-fields.js';

/** The possible meanings of a column: the fields of a client, and a full name, which is split. */
export const IMPORT_FIELDS = [...Object.keys(ClientCreate.shape), 'full_name'] as readonly ImportField[];
export type ImportField = keyof typeof ClientCreate.shape | 'full_name';

/** Common headers other than the fields' names, without spaces, case and punctuation. */
const SYNONYMS: Readonly<Partial<Record<ImportField, readonly string[]>>> = {
  first_name: ['givenname', 'givennames', 'forename', 'fname', 'first'],
  middle_name: ['middle', 'secondname'],
  last_name: ['surname', 'familyname', 'lname', 'last'],
  full_name: ['name', 'clientname', 'client', 'contactname', 'customername'],
  email: ['emailaddress', 'mail', 'emailid', 'primaryemail', 'contactemail'],
  phone_number: [
    ...['phone', 'phoneno', 'mobile', 'mobilenumber', 'mobileno', 'mobilephone', 'cell', 'cellphone'],
    ...['telephone', 'tel', 'contactnumber', 'contactno', 'primaryphone'],
  ],
  gender: ['sex'],
  dob: ['dateofbirth', 'birthdate', 'birthday', 'born'],
  country: ['countryofresidence', 'countrycode', 'nationality', 'citizenship'],
  street: ['streetaddress', 'address', 'addressline1', 'address1'],
  suburb: ['city', 'town', 'locality'],
  state: ['province', 'stateprovince', 'county'],
  postcode: ['postalcode', 'zip', 'zipcode', 'pincode'],
  visa_category_id: ['visacategoryname', 'visatype', 'visa'],
  agent_id: ['agentname', 'referralagent'],
  assigned_to_id: ['assignedtoname', 'assignee', 'owner', 'consultant', 'counsellor', 'counselor'],
  stage: ['status', 'leadstatus', 'clientstage'],
  referred_by: ['referral', 'referrer', 'source', 'leadsource'],
  description: ['notes', 'note', 'comment', 'comments', 'remarks', 'remark'],
  active: ['isactive'],
  branch_id: ['branchname', 'office', 'location'],
};

const plain = (header: string) => header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The fields by what headers call them: their own names, with and without `_id`, before synonyms of others. */
const BY_WORD = new Map([
  ...IMPORT_FIELDS.flatMap((field) => (SYNONYMS[field] ?? []).map((word) => [word, field] as const)),
  ...IMPORT_FIELDS.flatMap((field) =>
    [field, field.replace(/_id$/, '')].map((name) => [plain(name), field] as const),
  ),
]);

/**
 * Guesses the fields of the columns by their headers; '' where none is recognised. Of several columns for one field the
 * first counts, and a full name only where there is no first name.
 */
export function guessFields(headers: readonly string[]): (ImportField | '')[] {
  const taken = new Set<ImportField>();
  const fields = headers.map((header) => {
    const field = BY_WORD.get(plain(header));
    if (!field || taken.has(field)) return '';
    taken.add(field);
    return field;
  });
  const hasFirstName = taken.has('first_name');
  return fields.map((field) => (field === 'full_name' && hasFirstName ? '' : field));
}

/**
 * Returns the problem of the fields that a user has chosen for the columns, in one sentence; null when there is none.
 */
export function problemOfFields(fields: readonly string[], columns: number): string | null {
  if (fields.length !== columns) return `There must be one entry for each of the ${columns} columns.`;
  const given = fields.filter((field) => field !== '');
  const twice = given.find((field, index) => given.indexOf(field) !== index);
  if (twice) return `"${twice}" is given to two columns.`;
  const hasName = given.includes('first_name') || given.includes('last_name');
  if (given.includes('full_name') && hasName)
    return '"full_name" cannot stand beside "first_name" or "last_name".';
  return null;
}
