import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { currency } from '../../http/fields/currency.js';
import { decimal } from '../../http/fields/decimal.js';
import { required, withDefault } from '../../http/fields/field.js';
import { boolean } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { nameOutput, relatedOutput, timeOutput } from '../shared/output.js';

const PERCENTAGE = { digits: 5, places: 2 } as const;

const fields = {
  title: required(text({ min: 1, max: 255 })),
  currency: currency(),
  tax_name: text({ max: 100 }),
  tax_percentage: decimal({ ...PERCENTAGE, min: '0', max: '100' }),
  description: text(),
};

export const ApplicationTypeCreate = body('ApplicationTypeCreateRequest', {
  ...fields,
  currency: withDefault(currency(), 'USD'),
  tax_percentage: withDefault(fields.tax_percentage, '0.00'),
});
export const ApplicationTypeUpdate = body('ApplicationTypeUpdateRequest', {
  ...optional(fields),
  is_active: boolean(),
});

export type ApplicationTypeUpdateInput = ReturnType<typeof ApplicationTypeUpdate.parse>;

export const ApplicationTypeOutput = component(
  'ApplicationTypeOutput',
  Type.Object({
    id: Type.Integer(),
    title: Type.String({ maxLength: 255 }),
    currency: Type.String({ maxLength: 3 }),
    tax_name: Type.String({ maxLength: 100 }),
    tax_percentage: decimal(PERCENTAGE).schema,
    description: Type.String(),
    is_active: Type.Boolean(),
    stages_count: Type.Integer(),
    has_applications: Type.Boolean(),
    created_by: relatedOutput(),
    created_by_name: nameOutput({}),
    created_at: timeOutput({}),
    updated_by: relatedOutput(),
    updated_at: timeOutput({}),
  }),
);
export type ApplicationTypeOutput = Static<typeof ApplicationTypeOutput>;
