import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { country } from '../../http/fields/countries.js';
import { required } from '../../http/fields/field.js';
import { date, integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { dayOutput, timeOutput } from '../shared/output.js';

const fields = {
  client_id: required(integer()),
  employer_name: required(text({ min: 1, max: 200 })),
  position: required(text({ min: 1, max: 200 })),
  start_date: required(date()),
  end_date: required(date()),
  country: required(country({ mandatory: true })),
};

export const EmploymentRequest = body('EmploymentRequest', fields);
export const EmploymentPatch = body('PatchedEmploymentRequest', optional(fields));

export const EmploymentOutput = component(
  'Employment',
  Type.Object({
    id: Type.Integer(),
    client_id: Type.Integer(),
    employer_name: Type.String({ maxLength: 200 }),
    position: Type.String({ maxLength: 200 }),
    start_date: dayOutput(),
    end_date: dayOutput(),
    country: Type.String({ maxLength: 2 }),
    created_at: timeOutput({}),
    updated_at: timeOutput({}),
  }),
);
export type EmploymentOutput = Static<typeof EmploymentOutput>;
