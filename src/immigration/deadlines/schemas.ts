import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { nullableSchema } from '../../http/fields/field.js';
import { choiceOutput, dayOutput, nameOutput, relatedOutput } from '../shared/output.js';

/** The kinds of deadlines; deadlines of one day are ordered by these names. */
export const DEADLINE_KINDS = ['PASSPORT', 'VISA', 'INTAKE', 'TASK', 'REMINDER'] as const;
export type DeadlineKind = (typeof DEADLINE_KINDS)[number];

export const DeadlineOutput = component(
  'Deadline',
  Type.Object({
    kind: choiceOutput(DEADLINE_KINDS),
    record_id: Type.Integer({
      description:
        "of a passport its client's id, of VISA a visa application's, of INTAKE a college application's",
    }),
    client: relatedOutput(),
    client_name: nameOutput(),
    title: Type.String(),
    due_date: dayOutput({ description: "in the agency's time zone" }),
    due_at: nullableSchema(
      Type.String({ format: 'date-time', description: 'null: what has a date only, due the whole day' }),
    ),
    days_left: Type.Integer({ description: "days of the agency's calendar; negative: so many days ago" }),
    is_overdue: Type.Boolean(),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    branch: relatedOutput(),
    branch_name: nameOutput(),
  }),
);
export type DeadlineOutput = Static<typeof DeadlineOutput>;
