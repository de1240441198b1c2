import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { required } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { integer } from '../../http/fields/scalar.js';
import { text } from '../../http/fields/text.js';
import { countOutput, idOutput, labelOutput, optionOutput } from '../shared/output.js';
import { PermissionItem } from '../shared/permissions.js';

const fields = {
  name: required(text({ min: 1, max: 150 })),
  permission_ids: list(integer()),
};

export const GroupCreate = body('GroupCreateRequest', fields);
export const GroupUpdate = body('GroupUpdateRequest', optional(fields));
export const GroupPatch = body('PatchedGroupUpdateRequest', optional(fields));

export type GroupCreateInput = ReturnType<typeof GroupCreate.parse>;
export type GroupUpdateInput = ReturnType<typeof GroupUpdate.parse>;

export const GroupOutput = component(
  'GroupOutput',
  Type.Object({
    id: idOutput(),
    name: Type.String({ maxLength: 150 }),
    display_name: labelOutput(),
    permissions_list: Type.Array(PermissionItem, { readOnly: true }),
    permissions_count: countOutput(),
    users_count: countOutput(),
  }),
);
export type GroupOutput = Static<typeof GroupOutput>;

export const GroupOption = component(
  'GroupOption',
  Type.Object({ ...optionOutput(), display_name: labelOutput() }),
);
export type GroupOption = Static<typeof GroupOption>;
