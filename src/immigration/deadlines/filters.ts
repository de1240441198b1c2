import type { CurrentUser } from '../../auth/current-user.js';
import { invalidField } from '../../http/errors.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import { allows, type Policy, signedIn } from '../../routing/policy.js';
import { clientRecordPolicy } from '../shared/client-records.js';
import { modelPolicy } from '../shared/resource-policy.js';
import type { TenantTime } from '../shared/tenant-time.js';
import { DEADLINE_KINDS, type DeadlineKind } from './schemas.js';

/** Default number of days ahead. */
export const USUAL_DAYS = 90;
/** Maximum number of days, a hundred years; larger numbers count as that. */
const MOST_DAYS = 36_500;
const DAY = 86_400_000;

/** The policies of kinds: those of their own lists. */
const POLICIES: Readonly<Record<DeadlineKind, Policy>> = {
  PASSPORT: clientRecordPolicy.see,
  VISA: modelPolicy('visaapplication').see,
  INTAKE: modelPolicy('collegeapplication').see,
  TASK: modelPolicy('task').see,
  REMINDER: signedIn,
};

/** The kinds and dates of the requested deadlines. */
export interface DeadlineWindow {
  /** The requested kinds that the user may see. */
  readonly kinds: readonly DeadlineKind[];
  /** The last date, inclusive: YYYY-MM-DD. */
  readonly lastDate: string;
  /** The moment at which that date ends, in UTC. */
  readonly end: string;
  /** Only overdue ones, or only others; undefined: both. */
  readonly overdue: boolean | undefined;
}

/** Parses `kind`, `days` and `overdue`. @throws HttpError 400 for days that are no number, or negative */
export function readWindow(query: QueryParameters, user: CurrentUser, time: TenantTime): DeadlineWindow {
  const days = query.integer('days') ?? USUAL_DAYS;
  if (days < 0) throw invalidField('days', 'Ensure this value is greater than or equal to 0.');
  const asked = query.choices('kind');
  const after = (count: number) => new Date(Date.parse(time.today) + count * DAY).toISOString().slice(0, 10);
  const ahead = Math.min(days, MOST_DAYS);
  return {
    kinds: DEADLINE_KINDS.filter((kind) => allows(POLICIES[kind], user) && (!asked || asked.includes(kind))),
    lastDate: after(ahead),
    end: time.startOf(after(ahead + 1)),
    overdue: query.boolean('overdue'),
  };
}
