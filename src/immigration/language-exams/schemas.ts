import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { nullableSchema, required, withDefault } from '../../http/fields/field.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { timeOutput } from '../shared/output.js';

const fields = {
  name: required(text({ min: 1, max: 100 })),
  /** Years; 0 means that results do not expire. */
  validity_term: withDefault(integer({ min: 0, max: 100 }), 0),
  description: withDefault(text(), ''),
};

export const LanguageExamRequest = body('LanguageExamRequest', fields);
export const LanguageExamPatch = body('PatchedLanguageExamRequest', optional(fields));

export type LanguageExamInput = ReturnType<typeof LanguageExamRequest.parse>;
export type LanguageExamChange = ReturnType<typeof LanguageExamPatch.parse>;

export const LanguageExamOutput = component(
  'LanguageExam',
  Type.Object({
    id: Type.Integer(),
    name: Type.String({ maxLength: 100 }),
    validity_term: Type.Integer(),
    description: Type.String(),
    created_at: timeOutput({}),
    updated_at: nullableSchema(timeOutput({})),
  }),
);
export type LanguageExamOutput = Static<typeof LanguageExamOutput>;
