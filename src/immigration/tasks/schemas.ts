import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { datetime } from '../../http/fields/datetime.js';
import { nullable, nullableSchema, required, withDefault } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { choice, text } from '../../http/fields/text.js';
import {
  choiceOutput,
  idOutput,
  labelOutput,
  nameOutput,
  relatedOutput,
  timeOutput,
} from '../shared/output.js';

const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'URGENT'] as const;
const STATUSES = ['PENDING', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'OVERDUE'] as const;

const LONGEST_TAG = 100;
const MOST_TAGS = 100;
const LONGEST_COMMENT = 10_000;

const fields = {
  title: required(text({ min: 1, max: 200 })),
  detail: required(text({ min: 1 })),
  priority: withDefault(choice(PRIORITIES), 'MEDIUM'),
  due_date: required(datetime()),
  assigned_to: nullable(integer()),
  branch_id: nullable(integer()),
  tags: list(text({ min: 1, max: LONGEST_TAG }), { max: MOST_TAGS }),
  linked_entity_type: nullable(text({ min: 1 })),
  linked_entity_id: nullable(integer()),
  assigned_by: nullable(integer()),
};
const changes = { ...optional(fields), priority: choice(PRIORITIES), status: choice(STATUSES) };

export const TaskCreate = body('TaskCreateRequest', fields);
export const TaskUpdate = body('TaskUpdateRequest', changes);
export const TaskPatch = body('PatchedTaskUpdateRequest', changes);
export const TaskCommentBody = body('TaskCommentRequest', {
  comment: required(text({ min: 1, max: LONGEST_COMMENT })),
});

export type TaskCreateInput = ReturnType<typeof TaskCreate.parse>;
export type TaskUpdateInput = ReturnType<typeof TaskUpdate.parse>;

const TaskCommentMention = component(
  'TaskCommentMention',
  Type.Object({
    user_id: Type.Integer(),
    username: Type.String(),
    full_name: Type.String(),
    start_pos: Type.Integer(),
    end_pos: Type.Integer(),
  }),
);
export type TaskCommentMention = Static<typeof TaskCommentMention>;

const TaskComment = component(
  'TaskComment',
  Type.Object({
    user_id: Type.Integer(),
    username: Type.String(),
    full_name: Type.String(),
    text: Type.String(),
    mentions: Type.Array(TaskCommentMention),
    created_at: Type.String({ format: 'date-time' }),
  }),
);

export const TaskOutput = component(
  'TaskOutput',
  Type.Object({
    id: idOutput(),
    title: Type.String({ maxLength: 200 }),
    detail: Type.String(),
    priority: choiceOutput(PRIORITIES),
    priority_display: labelOutput(),
    status: choiceOutput(STATUSES),
    status_display: labelOutput(),
    due_date: Type.String({ format: 'date-time' }),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    assigned_to_full_name: nameOutput(),
    branch_id: nullableSchema(Type.Integer({ readOnly: true })),
    branch_name: nameOutput(),
    assigned_to_branch: Type.Boolean({ readOnly: true }),
    assigned_by: relatedOutput(),
    assigned_by_name: nameOutput(),
    assigned_by_full_name: nameOutput(),
    created_by: relatedOutput(),
    created_by_name: nameOutput(),
    created_by_full_name: nameOutput(),
    updated_by: relatedOutput(),
    updated_by_name: nameOutput(),
    updated_by_full_name: nameOutput(),
    tags: Type.Array(Type.String()),
    comments: Type.Array(TaskComment),
    content_type: relatedOutput(),
    object_id: nullableSchema(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    linked_entity_type: nameOutput(),
    linked_entity_id: nullableSchema(Type.Integer({ readOnly: true })),
    linked_entity_name: nameOutput(),
    completed_at: nullableSchema(timeOutput()),
    created_at: timeOutput(),
    updated_at: timeOutput(),
  }),
);
export type TaskOutput = Static<typeof TaskOutput>;
