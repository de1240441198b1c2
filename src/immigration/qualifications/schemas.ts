import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { nullableSchema, required } from '../../http/fields/field.js';
import { date, dateOrEmpty, integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { dayOutput, timeOutput } from '../shared/output.js';

const client_id = required(integer());
const course = required(text({ min: 1, max: 100 }));

/** A course in progress has neither an end nor, often, much else. */
export const QualificationRequest = body('QualificationRequest', {
  client_id,
  course,
  institute: text({ max: 100 }),
  degree: text({ max: 100 }),
  field_of_study: text({ max: 100 }),
  enroll_date: dateOrEmpty(),
  completion_date: dateOrEmpty(),
  country: country(),
});

/** A field that is sent alone may not be empty. */
export const QualificationPatch = body(
  'PatchedQualificationRequest',
  optional({
    client_id,
    course,
    institute: text({ min: 1, max: 100 }),
    degree: text({ min: 1, max: 100 }),
    field_of_study: text({ min: 1, max: 100 }),
    enroll_date: date(),
    completion_date: date(),
    country: country({ mandatory: true }),
  }),
);

export const QualificationOutput = component(
  'Qualification',
  Type.Object({
    id: Type.Integer(),
    client_id: Type.Integer(),
    course: Type.String({ maxLength: 100 }),
    institute: Type.String({ maxLength: 100 }),
    degree: Type.String({ maxLength: 100 }),
    field_of_study: Type.String({ maxLength: 100 }),
    enroll_date: nullableSchema(dayOutput()),
    completion_date: nullableSchema(dayOutput()),
    country: Type.String({ maxLength: 2 }),
    created_at: timeOutput({}),
    updated_at: timeOutput({}),
  }),
);
export type QualificationOutput = Static<typeof QualificationOutput>;
