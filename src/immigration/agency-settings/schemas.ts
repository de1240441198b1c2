import { type Static, Type } from '@sinclair/typebox';
import { ROLES } from '../../auth/scope.js';
import { component } from '../../http/component.js';
import { body } from '../../http/fields/body.js';
import { hexColor } from '../../http/fields/color.js';
import { nullable, nullableSchema } from '../../http/fields/field.js';
import { list } from '../../http/fields/list.js';
import { nested } from '../../http/fields/nested.js';
import { boolean, integer } from '../../http/fields/scalar.js';
import { choice, email, text } from '../../http/fields/text.js';
import { url } from '../../http/fields/url.js';
import { FURTHEST_ALERT, MOST_ALERTS } from '../../tenancy/deadline-alerts.js';
import { SECOND_FACTOR_POLICIES } from '../../tenancy/second-factor-setting.js';
import {
  LONGEST_IDLE_MINUTES,
  LONGEST_SESSION_HOURS,
  SHORTEST_IDLE_MINUTES,
} from '../../tenancy/session-setting.js';
import { NOTIFICATION_TYPES } from '../shared/notification-types.js';
import { choiceOutput } from '../shared/output.js';

const LONGEST_ORIGIN = 300;
const days = (min: number) => list(integer({ min, max: FURTHEST_ALERT }), { max: MOST_ALERTS });

const Branding = {
  /** The agency's name in the front end; its registered name if there is none. */
  display_name: nullable(text({ max: 200 })),
  logo_url: nullable(url({ max: 500 })),
  primary_color: nullable(hexColor()),
  website: nullable(url({ max: 500 })),
  support_email: nullable(email()),
  support_phone: nullable(text({ max: 20 })),
  address: nullable(text({ max: 500 })),
} as const;
export type BrandingField = keyof typeof Branding;
export const BRANDING_FIELDS = Object.keys(Branding) as BrandingField[];

export const AgencySettingsPatch = body('PatchedAgencySettingsRequest', {
  time_zone: text({ min: 1, max: 100 }),
  contact_email: nullable(email()),
  contact_phone: nullable(text({ max: 20 })),
  deadline_alerts: nested('DeadlineAlertsRequest', { before: days(0), after: days(1) }),
  email: nested('AgencyEmailRequest', {
    enabled: boolean(),
    from: nullable(text({ max: 320 })),
    notifications: list(choice(NOTIFICATION_TYPES), { max: NOTIFICATION_TYPES.length }),
  }),
  sessions: nested('AgencySessionsRequest', {
    lifetime_hours: nullable(integer({ min: 1, max: LONGEST_SESSION_HOURS })),
    idle_minutes: nullable(integer({ min: SHORTEST_IDLE_MINUTES, max: LONGEST_IDLE_MINUTES })),
  }),
  second_factor: nested('AgencySecondFactorRequest', {
    policy: choice(SECOND_FACTOR_POLICIES),
    groups: list(choice(ROLES), { max: ROLES.length }),
  }),
  front_end: nullable(url({ max: LONGEST_ORIGIN })),
  branding: nested('BrandingRequest', Branding),
});
export type AgencySettingsChange = ReturnType<typeof AgencySettingsPatch.parse>;

const nullableText = (description?: string) =>
  nullableSchema(Type.String({ ...(description && { description }) }));

export const BrandingOutput = component(
  'Branding',
  Type.Object({
    display_name: Type.String(),
    logo_url: nullableText(),
    primary_color: nullableText('`#` and six hexadecimal digits'),
    website: nullableText(),
    support_email: nullableText(),
    support_phone: nullableText(),
    address: nullableText(),
  }),
);
export type BrandingOutput = Static<typeof BrandingOutput>;

export const AgencySettingsOutput = component(
  'AgencySettings',
  Type.Object({
    name: Type.String({ readOnly: true, description: 'as the operators have registered it' }),
    subscription_status: Type.String({ readOnly: true }),
    max_users: Type.Integer({ readOnly: true, description: 'how many active users there may be' }),
    domains: Type.Array(Type.String(), { readOnly: true }),
    time_zone: Type.String({ description: 'IANA name: in it days begin and reminders fall due' }),
    contact_email: nullableText('where the operators write to'),
    contact_phone: nullableText(),
    deadline_alerts: Type.Object({
      before: Type.Array(Type.Integer(), { description: 'days before a deadline; 0: on the day itself' }),
      after: Type.Array(Type.Integer(), { description: 'days after it, while it is overdue' }),
    }),
    email: Type.Object({
      enabled: Type.Boolean({ description: 'whether notifications go out by e-mail too' }),
      from: nullableText("null: the platform's sender"),
      notifications: Type.Array(Type.Unsafe<string>({ type: 'string', enum: [...NOTIFICATION_TYPES] })),
    }),
    sessions: Type.Object({
      lifetime_hours: nullableSchema(
        Type.Integer({ description: "from the log-in; null: the platform's limit" }),
      ),
      idle_minutes: nullableSchema(Type.Integer({ description: "without use; null: the platform's limit" })),
    }),
    second_factor: Type.Object({
      policy: choiceOutput(SECOND_FACTOR_POLICIES, { description: 'whether log-ins need a second factor' }),
      groups: Type.Array(Type.String(), {
        description: 'the roles for which it is required; none: all users',
      }),
    }),
    front_end: nullableText(
      'origin to which links in e-mails lead, such as `https://crm.example`; null: the usual one',
    ),
    branding: BrandingOutput,
  }),
);
export type AgencySettingsOutput = Static<typeof AgencySettingsOutput>;
