import { ClientCreate } from '../shared/client-fields.js';

/** The possible meanings of a column: the fields of a client, and a full name, which is split. */
export const IMPORT_FIELDS = [...Object.keys(ClientCreate.shape), 'full_name'] as readonly ImportField[];
export type ImportField = keyof typeof ClientCreate.shape | 'full_name';

/** Common headers, without spaces, case and punctuation, by the field that they mean. */
const SYNONYMS: Readonly<Record<ImportField, readonly string[]>> = {
  first_name: ['firstname', 'givenname', 'givennames', 'forename', 'fname', 'first'],
  middle_name: ['middlename', 'middle', 'secondname'],
  last_name: ['lastname', 'surname', 'familyname', 'lname', 'last'],
  full_name: ['fullname', 'name', 'clientname', 'client', 'contactname', 'customername'],
  email: ['email', 'emailaddress', 'mail', 'emailid', 'primaryemail', 'contactemail'],
  phone_number: [
    ...[
      'phonenumber',
      'phone',
      'phoneno',
      'mobile',
      'mobilenumber',
      'mobileno',
      'mobilephone',
      'cell',
      'cellphone',
    ],
    ...['telephone', 'tel', 'contactnumber', 'contactno', 'primaryphone'],
  ],
  gender: ['gender', 'sex'],
  dob: ['dob', 'dateofbirth', 'birthdate', 'birthday', 'born'],
  country: ['country', 'countryofresidence', 'countrycode', 'nationality', 'citizenship'],
  street: ['street', 'streetaddress', 'address', 'addressline1', 'address1'],
  suburb: ['suburb', 'city', 'town', 'locality'],
  state: ['state', 'province', 'stateprovince', 'county'],
  postcode: ['postcode', 'postalcode', 'zip', 'zipcode', 'pincode'],
  visa_category_id: ['visacategory', 'visacategoryid', 'visacategoryname', 'visatype', 'visa'],
  agent_id: ['agent', 'agentid', 'agentname', 'referralagent'],
  assigned_to_id: [
    'assignedto',
    'assignedtoid',
    'assignedtoname',
    'assignee',
    'owner',
    'consultant',
    'counsellor',
    'counselor',
  ],
  stage: ['stage', 'status', 'leadstatus', 'clientstage'],
  referred_by: ['referredby', 'referral', 'referrer', 'source', 'leadsource'],
  description: ['description', 'notes', 'note', 'comment', 'comments', 'remarks', 'remark'],
  active: ['active', 'isactive'],
  branch_id: ['branch', 'branchid', 'branchname', 'office', 'location'],
};

const BY_WORD = new Map(
  Object.entries(SYNONYMS).flatMap(([field, words]) =>
    words.map((word) => [word, field as ImportField] as const),
  ),
);

/**
 * Guesses the fields of the columns by their headers; '' where none is recognised. Of several columns for one field the
 * first counts, and a full name only where there is no first name.
 */
export function guessFields(headers: readonly string[]): (ImportField | '')[] {
  const taken = new Set<ImportField>();
  const fields = headers.map((header) => {
    const field = BY_WORD.get(header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ''));
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
