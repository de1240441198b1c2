import { type Static, Type } from '@sinclair/typebox';
import { component } from '../../http/component.js';
import { body, optional } from '../../http/fields/body.js';
import { currency } from '../../http/fields/currency.js';
import { decimal } from '../../http/fields/decimal.js';
import { nullable, nullableSchema, required, withDefault } from '../../http/fields/field.js';
import { boolean, date, integer } from '../../http/fields/scalar.js';
import { choice, text } from '../../http/fields/text.js';
import {
  choiceOutput,
  countOutput,
  dayOutput,
  idOutput,
  nameOutput,
  readOnly,
  relatedOutput,
  timeOutput,
} from '../shared/output.js';
import { type Status, VISA_STATUSES } from '../shared/visa-status.js';
import { RequiredDocument, requiredDocuments } from './required-documents.js';

export { type Status, VISA_STATUSES };

const MONEY = { digits: 10, places: 2 } as const;
const fee = () => decimal({ ...MONEY, min: '0' });

const changeable = {
  visa_type_id: required(integer()),
  immigration_fee: required(fee()),
  immigration_fee_currency: currency(),
  service_fee: required(fee()),
  service_fee_currency: currency(),
  transaction_reference_no: text({ max: 150 }),
  dependent: boolean(),
  notes: text(),
  assigned_to_id: nullable(integer()),
  required_documents: requiredDocuments(),
  status: choice(VISA_STATUSES),
  expiry_date: nullable(date()),
  date_applied: nullable(date()),
  date_opened: nullable(date()),
  final_date: nullable(date()),
  date_granted: nullable(date()),
  date_rejected: nullable(date()),
  date_withdrawn: nullable(date()),
};

export const VisaApplicationCreate = body('VisaApplicationCreateRequest', {
  client_id: required(integer()),
  ...changeable,
  immigration_fee_currency: withDefault(currency(), 'USD'),
  service_fee_currency: withDefault(currency(), 'USD'),
  dependent: withDefault(boolean(), false),
  status: withDefault(choice(VISA_STATUSES), 'TO_BE_APPLIED'),
});
export const VisaApplicationPatch = body('PatchedVisaApplicationUpdateRequest', optional(changeable));

export type VisaApplicationCreateInput = ReturnType<typeof VisaApplicationCreate.parse>;
export type VisaApplicationPatchInput = ReturnType<typeof VisaApplicationPatch.parse>;

const day = () => nullableSchema(dayOutput());
const status = () => choiceOutput(VISA_STATUSES);

export const VisaApplicationOutput = component(
  'VisaApplicationOutput',
  Type.Object({
    id: idOutput(),
    client: Type.Integer(),
    client_name: nameOutput(),
    visa_type: Type.Integer(),
    visa_type_name: Type.String({ readOnly: true }),
    visa_category_name: Type.String({ readOnly: true }),
    transaction_reference_no: nullableSchema(Type.String({ maxLength: 150 })),
    immigration_fee: decimal(MONEY).schema,
    immigration_fee_currency: Type.String({ readOnly: true }),
    service_fee: decimal(MONEY).schema,
    service_fee_currency: Type.String({ readOnly: true }),
    dependent: Type.Boolean(),
    notes: nullableSchema(Type.String()),
    assigned_to: relatedOutput(),
    assigned_to_name: nameOutput(),
    required_documents: Type.Array(RequiredDocument),
    expiry_date: day(),
    date_applied: day(),
    date_opened: day(),
    final_date: day(),
    date_granted: day(),
    date_rejected: day(),
    date_withdrawn: day(),
    status: status(),
    created_by: relatedOutput(readOnly),
    created_by_name: nameOutput(),
    created_at: timeOutput(),
    updated_by: relatedOutput(readOnly),
    updated_at: timeOutput(),
  }),
);
export type VisaApplicationOutput = Static<typeof VisaApplicationOutput>;

const perStatus = () =>
  Object.fromEntries(VISA_STATUSES.map((code) => [code, countOutput({})])) as Record<
    Status,
    ReturnType<typeof countOutput>
  >;
const perSpan = () =>
  Type.Object({ today: countOutput({}), this_week: countOutput({}), this_month: countOutput({}) });

export const VisaStatusCounts = component(
  'VisaStatusCounts',
  Type.Object({ ...perStatus(), TOTAL: countOutput({}) }),
);
export type VisaStatusCounts = Static<typeof VisaStatusCounts>;

export const RecentVisaApplication = Type.Object({
  id: Type.Integer(),
  client__first_name: Type.String(),
  client__last_name: Type.String(),
  visa_type__name: Type.String(),
  status: status(),
  created_at: timeOutput({}),
});

export const VisaDashboard = component(
  'VisaDashboard',
  Type.Object({
    total_applications: countOutput({}),
    status_breakdown: Type.Object({ ...perStatus(), TOTAL: countOutput({}) }),
    time_based_counts: perSpan(),
    granted_counts: perSpan(),
    visa_type_breakdown: Type.Array(
      Type.Object({ visa_type__name: Type.String(), visa_type__id: Type.Integer(), count: countOutput({}) }),
      { maxItems: 5 },
    ),
    recent_applications: Type.Array(RecentVisaApplication, { maxItems: 5 }),
    pending_assignments: countOutput({}),
  }),
);
export type VisaDashboard = Static<typeof VisaDashboard>;
