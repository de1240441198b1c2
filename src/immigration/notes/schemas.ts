import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { idOutput, nameOutput, readOnly, relatedOutput, timeOutput } from '../shared/output.js';

const LONGEST = 10_000;
const content = required(text({ min: 1, max: LONGEST }));

export const NoteCreate = body('NoteCreateRequestRequest', { client: required(integer()), content });
export const NoteUpdate = body('NoteUpdateRequestRequest', optional({ content }));
export const NotePatch = body('PatchedNoteUpdateRequestRequest', optional({ content }));

export type NoteCreateInput = ReturnType<typeof NoteCreate.parse>;
export type NoteUpdateInput = ReturnType<typeof NoteUpdate.parse>;

export const NoteOutput = component(
  'NoteOutput',
  Type.Object({
    id: idOutput(),
    client: Type.Integer(readOnly),
    author: relatedOutput(readOnly),
    author_name: nameOutput(),
    content: Type.String({ maxLength: LONGEST }),
    created_at: timeOutput(),
    updated_at: timeOutput(),
  }),
);
export type NoteOutput = Static<typeof NoteOutput>;
