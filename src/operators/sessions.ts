import type { ClientDevice } from '../auth/client-device.js';
import { storedDevice } from '../auth/client-device.js';
import { newSid } from '../auth/start-session.js';
import { InvalidTokenError } from '../auth/tokens.js';
import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { type HttpError, unauthorized } from '../http/errors.js';
import type { Operator } from '../routing/operator-route.js';
import { accountById } from './accounts.js';
import { auditStatement } from './audit.js';
import type { OperatorClaims, OperatorTokens } from './tokens.js';

/** The tokens of a session. */
export interface OperatorTokenPair {
  readonly access: string;
  readonly refresh: string;
}

/** Maximum number of open sessions of one operator; a further one ends the oldest. */
const MOST_OPEN = 20;
/** Days for which ended sessions are kept. */
const KEPT_FOR = 90;

/** Begins, continues and ends the sessions of operators. Every refresh token is good once. */
export class OperatorSessions {
  constructor(
    private readonly database: Database,
    private readonly tokens: OperatorTokens,
  ) {}

  /** Begins a session of an operator whose row the caller has locked. */
  start(transaction: TenantTransaction, operator: Operator, client: ClientDevice): OperatorTokenPair {
    const { id } = operator;
    const sid = newSid();
    const until = Date.now() / 1000 + this.tokens.lifetime;
    const refresh = this.tokens.issue('refresh', operator, sid, until);
    const { address, device } = storedDevice(client);
    transaction.send(sql`
      DELETE FROM public.operator_session
      WHERE operator_id = ${id} AND least(ended_at, ends_at) < now() - make_interval(days => ${KEPT_FOR})`);
    transaction.send(sql`
      UPDATE public.operator_session SET ended_at = now()
      WHERE ended_at IS NULL AND id IN (
        SELECT s.id FROM public.operator_session s
        WHERE s.operator_id = ${id} AND s.ended_at IS NULL AND s.ends_at > now() ORDER BY s.id DESC OFFSET ${MOST_OPEN - 1})`);
    transaction.send(sql`
      INSERT INTO public.operator_session (operator_id, sid, refresh_jti, ends_at, address, device)
      VALUES (${id}, ${sid}, ${refresh.claims.jti}, to_timestamp(${until}), ${address}, ${device})`);
    transaction.send(sql`UPDATE public.auth_user SET last_login = now() WHERE id = ${id}`);
    return { access: this.tokens.issue('access', operator, sid, until).token, refresh: refresh.token };
  }

  /**
   * Exchanges a refresh token for a new pair. A token that was spent before this request arrived ends its session: one of
   * the two who used it is not the operator.
   * @throws HttpError 401
   */
  async refresh(token: string, client: ClientDevice): Promise<OperatorTokenPair> {
    const arrivedAt = performance.now();
    const claims = this.#refreshClaims(token);
    const pair = await this.database.platformTransaction(async (transaction) => {
      const [session] = await transaction.query(lockSession(claims.sid));
      if (!session?.isOpen) return null;
      const [operator] = await transaction.query(accountById(session.operatorId));
      if (!operator?.isActive) return null;
      if (session.refreshJti !== claims.jti) {
        // Of two requests under way at once, as of two tabs of a browser, the later one ends nothing.
        const sinceArrival = (performance.now() - arrivedAt) / 1000;
        if (session.spentJti === claims.jti && session.sinceSpent < sinceArrival) return null;
        transaction.send(endStatement(session.id));
        const from = { ip: client.address, requestId: client.requestId ?? '' };
        const target = { kind: 'session', id: session.id };
        transaction.send(
          auditStatement({ operator, action: 'log-in.reuse', target, outcome: 'refused', from }),
        );
        return null;
      }
      const refresh = this.tokens.issue('refresh', operator, claims.sid, session.endsAt);
      transaction.send(sql`
        UPDATE public.operator_session
        SET refresh_jti = ${refresh.claims.jti}, spent_jti = ${claims.jti}, spent_at = clock_timestamp(), used_at = now()
        WHERE id = ${session.id}`);
      const access = this.tokens.issue('access', operator, claims.sid, session.endsAt);
      return { access: access.token, refresh: refresh.token };
    });
    if (!pair) throw invalidToken('Token is blacklisted');
    return pair;
  }

  #refreshClaims(token: string): OperatorClaims {
    try {
      const claims = this.tokens.read(token, 'refresh');
      if (claims) return claims;
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      throw invalidToken(error.message);
    }
    throw invalidToken('Token is invalid');
  }
}

interface SessionRow {
  readonly id: number;
  readonly operatorId: number;
  readonly refreshJti: string;
  readonly spentJti: string | null;
  /** Seconds. */
  readonly sinceSpent: number;
  /** In seconds since 1970. */
  readonly endsAt: number;
  readonly isOpen: boolean;
}

const lockSession = (sid: string) => sql<SessionRow>`
  SELECT id, operator_id AS "operatorId", refresh_jti AS "refreshJti", spent_jti AS "spentJti",
    coalesce(extract(epoch FROM clock_timestamp() - spent_at), 0)::float8 AS "sinceSpent",
    extract(epoch FROM ends_at)::float8 AS "endsAt", ended_at IS NULL AND ends_at > now() AS "isOpen"
  FROM public.operator_session WHERE sid = ${sid} FOR UPDATE`;

const endStatement = (id: number) =>
  sql`UPDATE public.operator_session SET ended_at = now() WHERE id = ${id} AND ended_at IS NULL`;

/** Returns the statement that ends an open session of an operator; it returns a row where there was one. */
export function endSession(operatorId: number, id: number): Statement<{ readonly id: number }> {
  return sql<{ readonly id: number }>`
    UPDATE public.operator_session SET ended_at = now()
    WHERE id = ${id} AND operator_id = ${operatorId} AND ended_at IS NULL AND ends_at > now() RETURNING id`;
}

/** Returns the statement that ends an operator's sessions, but for one if it is given. */
export function endSessions(operatorId: number, but = 0): Statement {
  return sql`
    UPDATE public.operator_session SET ended_at = now()
    WHERE operator_id = ${operatorId} AND id <> ${but} AND ended_at IS NULL`;
}

/** An open session, as its operator sees it. */
interface ShownSession {
  readonly id: number;
  readonly started_at: Date;
  readonly used_at: Date;
  readonly ends_at: Date;
  readonly address: string;
  readonly device: string;
  readonly is_current: boolean;
}

/** Returns the query for an operator's open sessions, newest first. */
export function openSessions(operatorId: number, current: number): Statement<ShownSession> {
  return sql<ShownSession>`
    SELECT id, started_at, used_at, ends_at, address, device, id = ${current} AS is_current
    FROM public.operator_session
    WHERE operator_id = ${operatorId} AND ended_at IS NULL AND ends_at > now() ORDER BY id DESC LIMIT ${MOST_OPEN}`;
}

function invalidToken(detail: string): HttpError {
  return unauthorized(detail, { code: 'token_not_valid' });
}
