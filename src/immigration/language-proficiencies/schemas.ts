import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { decimal } from '../../http/fields/decimal.js';
import { nullable, nullableSchema, required } from '../../http/fields/field.js';
import { date, dateOrEmpty, integer } from '../../http/fields/scalar.js';
import { remindDaysBefore } from '../shared/expiry-reminders.js';
import { dayOutput, nameOutput, relatedOutput, timeOutput } from '../shared/output.js';

const score = () => decimal({ digits: 4, places: 1, min: '0', max: '999.9' });
const client_id = required(integer());
const test_name_id = required(integer());
const remind_days_before = remindDaysBefore(
  "the result expires (the test date and the exam's validity term after it)",
);

/** Scores follow after the test. */
export const ProficiencyRequest = body('ProficiencyRequest', {
  client_id,
  test_name_id,
  overall_score: nullable(score()),
  speaking_score: nullable(score()),
  reading_score: nullable(score()),
  listening_score: nullable(score()),
  writing_score: nullable(score()),
  test_date: dateOrEmpty(),
  remind_days_before,
});

/** A field that is sent alone may not be empty. */
export const ProficiencyPatch = body(
  'PatchedProficiencyRequest',
  optional({
    client_id,
    test_name_id,
    overall_score: score(),
    speaking_score: score(),
    reading_score: score(),
    listening_score: score(),
    writing_score: score(),
    test_date: date(),
    remind_days_before,
  }),
);

export type ProficiencyInput = ReturnType<typeof ProficiencyRequest.parse>;
export type ProficiencyChange = Partial<ProficiencyInput> | ReturnType<typeof ProficiencyPatch.parse>;

const { description: _range, ...scoreSchema } = score().schema;
const scoreOutput = () => nullableSchema(Type.Unsafe<string>(scoreSchema));

export const ProficiencyOutput = component(
  'Proficiency',
  Type.Object({
    id: Type.Integer(),
    client_id: Type.Integer(),
    test_name_id: relatedOutput(),
    test_name_display: nameOutput({}),
    overall_score: scoreOutput(),
    speaking_score: scoreOutput(),
    reading_score: scoreOutput(),
    listening_score: scoreOutput(),
    writing_score: scoreOutput(),
    test_date: nullableSchema(dayOutput()),
    created_at: timeOutput({}),
    updated_at: timeOutput({}),
  }),
);
export type ProficiencyOutput = Static<typeof ProficiencyOutput>;
