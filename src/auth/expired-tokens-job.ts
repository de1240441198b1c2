import { sql } from '../database/sql.js';
import { counted, tidyingJob } from '../jobs/tidying-job.js';
import { REQUEST_WINDOW } from './request-limit.js';

/**
 * Seconds for which an expired token is kept: a process whose clock is behind still considers it valid, and must find
 * it on the blacklist.
 */
const KEPT_FOR = 3_600;

const deleteTokens = (seconds: number, limit: number | null) =>
  counted(sql`
    DELETE FROM token_blacklist_outstandingtoken WHERE id IN (
      SELECT id FROM token_blacklist_outstandingtoken WHERE expires_at < now() - make_interval(secs => ${seconds})
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

const deleteChallenges = (limit: number | null) =>
  counted(sql`
    DELETE FROM spent_challenge WHERE digest IN (
      SELECT digest FROM spent_challenge WHERE expires_at < now() - make_interval(secs => ${KEPT_FOR})
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

/** Days for which sessions are kept after their end, so that a device that comes back is known. */
const SESSIONS_KEPT_FOR = 90;

const deleteSessions = (days: number, limit: number | null) =>
  counted(sql`
    DELETE FROM user_session WHERE id IN (
      SELECT id FROM user_session WHERE greatest(expires_at, access_until) < now() - make_interval(days => ${days})
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

const deleteFailures = (seconds: number, limit: number | null) =>
  counted(sql`
    DELETE FROM login_failure WHERE (kind, key) IN (
      SELECT kind, key FROM login_failure
      WHERE window_started_at < now() - make_interval(secs => CASE kind WHEN 'reset' THEN ${REQUEST_WINDOW}::float8 ELSE ${seconds}::float8 END)
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

const deleteAddresses = (seconds: number, limit: number | null) => sql<{ done: number }>`
  SELECT public.remove_login_addresses(make_interval(secs => ${seconds}), ${limit}) AS done`;

const deleteLinks = (limit: number | null) =>
  counted(sql`
    DELETE FROM account_link WHERE id IN (
      SELECT id FROM account_link WHERE expires_at < now() LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

const deleteDevices = (days: number, limit: number | null) =>
  counted(sql`
    DELETE FROM known_device WHERE (user_id, hash) IN (
      SELECT user_id, hash FROM known_device WHERE seen_at < now() - make_interval(days => ${days})
      LIMIT ${limit} FOR UPDATE SKIP LOCKED)`);

/**
 * The job that removes expired refresh tokens, with their rows of the blacklist, sessions that ended long ago, used
 * challenges, and failed log-ins and links that no longer count.
 */
export const expiredTokensJob = tidyingJob(
  {
    name: 'expired-tokens',
    summary:
      'remove expired tokens and links, old sessions and devices, and failed log-ins that no longer count',
    every: 6 * 3_600,
  },
  ({ loginFailures, accounts }) => [
    (limit) => deleteTokens(KEPT_FOR, limit),
    (limit) => deleteSessions(SESSIONS_KEPT_FOR, limit),
    (limit) => deleteFailures(loginFailures.window, limit),
    (limit) => deleteAddresses(loginFailures.window, limit),
    deleteLinks,
    deleteChallenges,
    (limit) => deleteDevices(accounts.knownDeviceDays, limit),
  ],
);
