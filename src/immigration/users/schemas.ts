import { type Static, Type } from '@sinclair/typebox';
import { LONGEST_PASSWORD } from '../../auth/passwords.js';
import { ROLES } from '../../auth/scope.js';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import {
  type Field,
  FieldError,
  field,
  isDictionary,
  nullable,
  nullableSchema,
  required,
  withDefault,
} from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { boolean, integer } from '../../http/fields/scalar.js';
import { choice, email, orBlank, readText, text } from '../../http/fields/text.js';
import { IdName, idOutput, nameOutput, readOnly, timeOutput } from '../shared/output.js';
import { PermissionItem } from '../shared/permissions.js';

const USERNAME = /^[\p{L}\p{N}\p{M}_.@+-]+$/u;
const BAD_USERNAME =
  'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';

/** Makes a field for a username as in Django: letters of any script in compatible form, so that no two look alike. */
function username(): Field<string, false> {
  const inner = text({ min: 3, max: 150 });
  return {
    ...inner,
    parse(value) {
      const name = inner.parse(inner.parse(value).normalize('NFKC'));
      if (!USERNAME.test(name)) throw FieldError.of(BAD_USERNAME);
      return name;
    },
  };
}

/** Makes a field for a new password, including spaces. It is checked later, when its owner is known. */
function password(): Field<string, false> {
  const schema = Type.String({ writeOnly: true, minLength: 8, maxLength: LONGEST_PASSWORD });
  return field(schema, (value) => readText(value, { keepSpaces: true, min: 1, max: LONGEST_PASSWORD }));
}

function presentPassword(): Field<string, false> {
  return text({ min: 1, keepSpaces: true, writeOnly: true });
}

const person = {
  email: required(email({ min: 1 })),
  password: required(password()),
  first_name: required(text({ min: 1, max: 150 })),
  last_name: required(text({ min: 1, max: 150 })),
  group_name: required(choice(ROLES)),
  branch_ids: nullable(list(integer())),
  region_ids: nullable(list(integer())),
};

const newUser = {
  username: required(username()),
  ...person,
  is_active: withDefault(boolean(), true),
  invite: boolean(),
};
const WithPassword = body('UserCreateRequest', newUser);
const Invitation = body('UserInvitationRequest', { ...newUser, password: optional(newUser).password });

/** Needs a password, except of a user who is invited and will choose it. */
export const UserCreate: typeof Invitation = {
  ...Invitation,
  schema: WithPassword.schema,
  parse: (value, form) => (isInvitation(value) ? Invitation : WithPassword).parse(value, form),
};

/** Returns whether a body asks for an invitation, in any spelling of true that its field takes. */
function isInvitation(value: unknown): boolean {
  if (!isDictionary(value)) return false;
  const given = Array.isArray(value.invite) ? value.invite.at(-1) : value.invite;
  try {
    return newUser.invite.parse(given);
  } catch {
    return false; // reported by the body
  }
}
export const UserPatch = body('PatchedUserUpdateRequest', {
  ...optional({ ...person, is_active: boolean() }),
  current_password: presentPassword(),
});
export const SetPassword = body('SetPasswordRequest', {
  password: required(password()),
  must_change_password: withDefault(boolean(), false),
});
export const ChangePassword = body('ChangePasswordRequest', {
  current_password: required(presentPassword()),
  new_password: required(password()),
});

export type UserCreateInput = ReturnType<typeof UserCreate.parse>;
export type UserPatchInput = ReturnType<typeof UserPatch.parse>;

const names = () => Type.Array(Type.String(), readOnly);
const idNames = () => Type.Array(IdName, readOnly);

const user = {
  id: idOutput(),
  username: Type.String({ pattern: '^[\\w.@+-]+$', maxLength: 150 }),
  email: orBlank({ type: 'string', format: 'email', maxLength: 254 }),
  first_name: Type.String({ maxLength: 150 }),
  last_name: Type.String({ maxLength: 150 }),
  full_name: Type.String(readOnly),
  groups_list: names(),
  groups_list_display: names(),
  primary_group: nameOutput(),
  primary_group_display: nameOutput(),
  branches_data: idNames(),
  regions_data: idNames(),
  user_permissions_list: Type.Array(PermissionItem, readOnly),
  is_active: Type.Boolean(),
  is_staff: Type.Boolean(),
  is_superuser: Type.Boolean(),
  date_joined: timeOutput(),
  last_login: nullableSchema(timeOutput()),
};

export const UserOutput = component('UserOutput', Type.Object(user));
export type UserOutput = Static<typeof UserOutput>;

export const UserProfile = component(
  'UserProfile',
  Type.Object({
    ...user,
    permissions: Type.Array(
      Type.Object({ codename: Type.String(), name: Type.String(), content_type: Type.String() }),
    ),
  }),
);
export type UserProfile = Static<typeof UserProfile>;

export const AssignableUser = component(
  'AssignableUser',
  Type.Object({
    id: idOutput(),
    full_name: Type.String(readOnly),
    email: Type.Unsafe<string>({ ...orBlank({ type: 'string', format: 'email' }), ...readOnly }),
    primary_group: nameOutput(),
    primary_group_display: nameOutput(),
    username: Type.String(readOnly),
  }),
);
export type AssignableUser = Static<typeof AssignableUser>;
