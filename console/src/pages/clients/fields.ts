import { language, t } from '../../i18n/index.ts';
import type { FieldDef } from '../../parts/fields.tsx';
import { AGENTS, BRANCHES, USERS, VISA_CATEGORIES } from '../lookups.ts';
import { COUNTRIES } from './countries.ts';

export const STAGES = ['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'] as const;

/** Returns a country's name in the chosen language. */
export function countryName(code: string): string {
  return new Intl.DisplayNames(language(), { type: 'region' }).of(code) ?? code;
}

/** The fields of a client's form. */
export const FIELDS: readonly FieldDef[] = [
  { name: 'first_name', label: t('First name'), required: true },
  { name: 'middle_name', label: t('Middle name') },
  { name: 'last_name', label: t('Last name') },
  { name: 'email', label: t('E-mail'), kind: 'email' },
  { name: 'phone_number', label: t('Phone') },
  {
    name: 'gender',
    label: t('Gender'),
    kind: 'choice',
    choices: ['MALE', 'FEMALE', 'OTHER'],
    required: true,
  },
  { name: 'dob', label: t('Date of birth'), kind: 'date' },
  {
    name: 'country',
    label: t('Country'),
    kind: 'choice',
    choices: COUNTRIES,
    name_of: countryName,
    required: true,
  },
  { name: 'street', label: t('Street') },
  { name: 'suburb', label: t('Suburb') },
  { name: 'state', label: t('State') },
  { name: 'postcode', label: t('Postcode') },
  { name: 'stage', label: t('Stage'), kind: 'choice', choices: STAGES, required: true },
  {
    name: 'visa_category_id',
    read: 'visa_category',
    label: t('Visa category'),
    kind: 'lookup',
    of: VISA_CATEGORIES,
    shown: 'visa_category_name',
  },
  { name: 'agent_id', read: 'agent', label: t('Agent'), kind: 'lookup', of: AGENTS, shown: 'agent_name' },
  {
    name: 'assigned_to_id',
    read: 'assigned_to',
    label: t('Assigned to'),
    kind: 'lookup',
    of: USERS,
    shown: 'assigned_to_name',
  },
  {
    name: 'branch_id',
    read: 'branch',
    label: t('Branch'),
    kind: 'lookup',
    of: BRANCHES,
    shown: 'branch_name',
  },
  { name: 'referred_by', label: t('Referred by') },
  { name: 'active', label: t('Active'), kind: 'check' },
  { name: 'description', label: t('Description'), kind: 'area' },
];
