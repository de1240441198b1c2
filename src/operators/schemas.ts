import { Type } from '@sinclair/typebox';
import { component } from '../http/component.js';
import { body } from '../http/fields/body.js';
import { required } from '../http/fields/field.js';
import { text } from '../http/fields/text.js';
import { OPERATOR_ROLES } from '../routing/policy.js';

const LONGEST_CODE = 50;
const LONGEST_NAME = 150;
/** Of challenges and tokens; those that are issued are shorter. */
const LONGEST_TOKEN = 4_000;
const LONGEST_PASSWORD = 4_096;

const secret = () => required(text({ min: 1, max: LONGEST_PASSWORD, writeOnly: true, keepSpaces: true }));
const challenge = () => required(text({ min: 1, max: LONGEST_TOKEN }));
const code = () => required(text({ min: 1, max: LONGEST_CODE, writeOnly: true }));
const moment = () => Type.String({ format: 'date-time' });

export const LogIn = body('OperatorLogInRequest', {
  username: required(text({ min: 1, max: LONGEST_NAME })),
  password: secret(),
});
export const ChallengeBody = body('OperatorChallengeRequest', { challenge: challenge() });
export const CodeBody = body('OperatorCodeRequest', { challenge: challenge(), code: code() });
export const RefreshBody = body('OperatorRefreshRequest', {
  refresh: required(text({ min: 1, max: LONGEST_TOKEN })),
});
export const PasswordBody = body('OperatorPasswordRequest', {
  current_password: secret(),
  new_password: secret(),
});

export const RoleSchema = Type.Unsafe<(typeof OPERATOR_ROLES)[number]>({
  type: 'string',
  enum: [...OPERATOR_ROLES],
});

export const NextStepOutput = component(
  'OperatorLogInStep',
  Type.Object({
    challenge: Type.String(),
    next: Type.Unsafe<string>({ type: 'string', enum: ['second-factor', 'enrol'] }),
  }),
);
export const PairOutput = component(
  'OperatorTokenPair',
  Type.Object({ access: Type.String(), refresh: Type.String() }),
);
export const EnrolledOutput = component(
  'OperatorEnrolled',
  Type.Object({
    access: Type.String(),
    refresh: Type.String(),
    recovery_codes: Type.Array(Type.String()),
  }),
);
export const NewTotpOutput = component(
  'OperatorNewTotp',
  Type.Object({ secret: Type.String(), uri: Type.String() }),
);
export const MeOutput = component(
  'OperatorMe',
  Type.Object({
    id: Type.Integer(),
    username: Type.String(),
    email: Type.String(),
    role: RoleSchema,
    rights: Type.Array(Type.String()),
    session: Type.Object({ id: Type.Integer(), started_at: moment(), ends_at: moment() }),
    recovery_codes_left: Type.Integer(),
  }),
);
export const SessionsOutput = component(
  'OperatorSessions',
  Type.Object({
    results: Type.Array(
      component(
        'OperatorSession',
        Type.Object({
          id: Type.Integer(),
          started_at: moment(),
          used_at: moment(),
          ends_at: moment(),
          address: Type.String(),
          device: Type.String(),
          is_current: Type.Boolean(),
        }),
      ),
    ),
  }),
);
