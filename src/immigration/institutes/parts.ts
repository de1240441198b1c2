import { Type } from '@sinclair/typebox';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { COUNTRY_CODES, countrySchema } from '../../http/fields/countries.js';
import { required } from '../../http/fields/field.js';
import { date, integer } from '../../http/fields/scalar.js';
import { choice, email, orBlank, text } from '../../http/fields/text.js';
import type { RouteDefinition } from '../../routing/route.js';
import { catalogRoutes } from '../shared/catalog.js';
import { choiceOutput, dayOutput } from '../shared/output.js';

// The parts of an institute: locations, intakes, contacts, requirements.

const GENDERS = ['MALE', 'FEMALE', 'OTHER'] as const;
const REQUIREMENT_TYPES = ['ACADEMIC', 'LANGUAGE', 'FINANCIAL', 'DOCUMENT', 'OTHER'] as const;

const institute = required(integer());
const emailOutput = () => orBlank({ type: 'string', format: 'email', maxLength: 254 });

export function instituteLocationRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/institute-locations/',
    tag: 'institute-locations',
    kind: 'institutelocation',
    one: 'a location of an institute',
    many: 'locations of institutes',
    table: 'immigration_institute_location',
    name: 'InstituteLocation',
    fields: {
      street_name: text({ max: 100 }),
      suburb: text({ max: 100 }),
      state: required(text({ min: 1, max: 50 })),
      postcode: text({ max: 20 }),
      country: required(choice(COUNTRY_CODES, { schema: countrySchema })),
      phone_number: text({ max: 15 }),
      email: email(),
      institute,
    },
    output: {
      street_name: Type.String({ maxLength: 100 }),
      suburb: Type.String({ maxLength: 100 }),
      state: Type.String({ maxLength: 50 }),
      postcode: Type.String({ maxLength: 20 }),
      country: countrySchema,
      phone_number: Type.String({ maxLength: 15 }),
      email: emailOutput(),
      institute: Type.Integer(),
    },
    columns: {},
    order: { by: sql`r.country, r.state, r.id DESC` },
  });
}

export function instituteIntakeRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/institute-intakes/',
    tag: 'institute-intakes',
    kind: 'instituteintake',
    one: 'an intake of an institute',
    many: 'intakes of institutes',
    table: 'immigration_institute_intake',
    name: 'InstituteIntake',
    fields: { intake_date: required(date()), description: text(), institute },
    output: {
      intake_date: dayOutput(),
      description: Type.String(),
      institute: Type.Integer(),
    },
    columns: {},
    order: { by: sql`r.intake_date DESC, r.id DESC` },
  });
}

export function instituteContactPersonRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/institute-contact-persons/',
    tag: 'institute-contact-persons',
    kind: 'institutecontactperson',
    one: 'a contact person of an institute',
    many: 'contact persons of institutes',
    table: 'immigration_institute_contact_person',
    name: 'InstituteContactPerson',
    fields: {
      name: required(text({ min: 1, max: 100 })),
      gender: choice(GENDERS, { blankAs: '' }),
      position: text({ max: 100 }),
      phone: text({ max: 15 }),
      email: email(),
      institute,
    },
    output: {
      name: Type.String({ maxLength: 100 }),
      gender: orBlank({ type: 'string', enum: GENDERS }),
      position: Type.String({ maxLength: 100 }),
      phone: Type.String({ maxLength: 15 }),
      email: emailOutput(),
      institute: Type.Integer(),
    },
    columns: {},
    order: { by: sql`r.name, r.id DESC` },
  });
}

export function instituteRequirementRoutes(database: Database): RouteDefinition[] {
  return catalogRoutes(database, {
    path: '/api/v1/institute-requirements/',
    tag: 'institute-requirements',
    kind: 'instituterequirement',
    one: 'a requirement of an institute',
    many: 'requirements of institutes',
    table: 'immigration_institute_requirement',
    name: 'InstituteRequirement',
    fields: {
      title: required(text({ min: 1, max: 200 })),
      description: text(),
      requirement_type: choice(REQUIREMENT_TYPES),
      institute,
    },
    output: {
      title: Type.String({ maxLength: 200 }),
      description: Type.String(),
      requirement_type: choiceOutput(REQUIREMENT_TYPES),
      institute: Type.Integer(),
    },
    columns: {},
    order: { by: sql`r.requirement_type, r.title, r.id DESC` },
  });
}
