import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { decimal } from '../../http/fields/decimal.js';
import { nullable, nullableSchema, required } from '../../http/fields/field.js';
import { date, integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { countOutput, dayOutput, nameOutput, relatedOutput, timeOutput } from '../shared/output.js';

const MONEY = { digits: 12, places: 2 } as const;

const fields = {
  institute_id: required(integer()),
  course_id: required(integer()),
  start_date_id: required(integer()),
  location_id: required(integer()),
  finish_date: nullable(date()),
  total_tuition_fee: required(decimal({ ...MONEY, min: '0' })),
  student_id: text({ max: 100 }),
  super_agent_id: nullable(integer()),
  sub_agent_id: nullable(integer()),
  assigned_to_id: nullable(integer()),
  notes: text(),
};

export const CollegeApplicationCreate = body('CollegeApplicationCreateRequest', {
  application_type_id: required(integer()),
  client_id: required(integer()),
  ...fields,
});
export const CollegeApplicationUpdate = body('CollegeApplicationUpdateRequest', {
  stage_id: integer(),
  ...optional(fields),
});

export type CollegeApplicationCreateInput = ReturnType<typeof CollegeApplicationCreate.parse>;
export type CollegeApplicationUpdateInput = ReturnType<typeof CollegeApplicationUpdate.parse>;

export const CollegeApplicationOutput = component(
  'CollegeApplicationOutput',
  Type.Object({
    id: Type.Integer(),
    application_type: Type.Integer(),
    application_type_title: Type.String(),
    stage: Type.Integer(),
    stage_name: Type.String(),
    stage_position: Type.Integer(),
    is_final_stage: Type.Boolean(),
    client: Type.Integer(),
    client_name: nameOutput({}),
    institute: Type.Integer(),
    institute_name: Type.String(),
    course: Type.Integer(),
    course_name: Type.String(),
    start_date: Type.Integer({ description: 'id of the intake' }),
    intake_date: dayOutput(),
    location: Type.Integer(),
    location_display: nullableSchema(Type.String({ description: '"state, country name"' })),
    finish_date: nullableSchema(dayOutput()),
    total_tuition_fee: decimal(MONEY).schema,
    student_id: Type.String({ maxLength: 100 }),
    super_agent: relatedOutput(),
    super_agent_name: nameOutput({}),
    sub_agent: relatedOutput(),
    sub_agent_name: nameOutput({}),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput({}),
    notes: Type.String(),
    created_by: relatedOutput(),
    created_at: timeOutput({}),
    updated_by: relatedOutput(),
    updated_at: timeOutput({}),
  }),
);
export type CollegeApplicationOutput = Static<typeof CollegeApplicationOutput>;

export const StageCount = Type.Object({
  stage_id: Type.Integer(),
  stage_name: Type.String(),
  position: Type.Integer(),
  count: countOutput({}),
});

export const CollegeStageCounts = component(
  'CollegeStageCounts',
  Type.Object({
    total: countOutput({}),
    by_stage: Type.Array(StageCount),
  }),
);
export type CollegeStageCounts = Static<typeof CollegeStageCounts>;

export const RecentCollegeApplication = Type.Object({
  id: Type.Integer(),
  client__first_name: Type.String(),
  client__last_name: Type.String(),
  institute__name: Type.String(),
  course__name: Type.String(),
  stage__stage_name: Type.String(),
  start_date__intake_date: dayOutput(),
  created_at: timeOutput({}),
});

export const CollegeDashboard = component(
  'CollegeDashboard',
  Type.Object({
    total_applications: countOutput({}),
    final_stage_count: countOutput({}),
    time_filter: Type.String(),
    intake_breakdown: Type.Array(
      Type.Object({ start_date__intake_date: dayOutput(), count: countOutput({}) }),
      {
        maxItems: 10,
      },
    ),
    application_type_breakdown: Type.Array(
      Type.Object({
        application_type__id: Type.Integer(),
        application_type__title: Type.String(),
        count: countOutput({}),
      }),
      { maxItems: 5 },
    ),
    institute_breakdown: Type.Array(
      Type.Object({ institute__id: Type.Integer(), institute__name: Type.String(), count: countOutput({}) }),
      { maxItems: 5 },
    ),
    recent_applications: Type.Array(RecentCollegeApplication, { maxItems: 10 }),
    pending_assignments: countOutput({}),
  }),
);
export type CollegeDashboard = Static<typeof CollegeDashboard>;
