import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { nullableSchema, required } from '../../http/fields/field.js';
import { dateOrEmpty, integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { remindDaysBefore } from '../shared/expiry-reminders.js';
import { dayOutput, timeOutput } from '../shared/output.js';

const fields = {
  client_id: required(integer()),
  passport_no: required(text({ min: 1, max: 20 })),
  passport_country: required(country({ mandatory: true })),
  date_of_issue: dateOrEmpty(),
  date_of_expiry: dateOrEmpty(),
  place_of_issue: text({ max: 100 }),
  country_of_birth: required(country({ mandatory: true })),
  nationality: required(country({ mandatory: true })),
  remind_days_before: remindDaysBefore('the date of expiry'),
};

export const PassportRequest = body('PassportRequest', fields);
export const PassportPatch = body('PatchedPassportRequest', optional(fields));

export type PassportInput = ReturnType<typeof PassportRequest.parse>;
export type PassportChange = ReturnType<typeof PassportPatch.parse>;

export const PassportOutput = component(
  'Passport',
  Type.Object({
    client_id: Type.Integer(),
    passport_no: Type.String({ maxLength: 20 }),
    passport_country: Type.String({ maxLength: 2 }),
    date_of_issue: nullableSchema(dayOutput()),
    date_of_expiry: nullableSchema(dayOutput()),
    place_of_issue: Type.String({ maxLength: 100 }),
    country_of_birth: Type.String({ maxLength: 2 }),
    nationality: Type.String({ maxLength: 2 }),
    created_at: timeOutput({}),
    updated_at: timeOutput({}),
  }),
);
export type PassportOutput = Static<typeof PassportOutput>;
