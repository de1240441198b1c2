import type { FastifyReply } from 'fastify';
import type { Database } from '../database/database.js';
import type { TransactionWork } from '../database/query-runner.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { HttpError } from '../http/errors.js';
import type { Input, LateInput, Shape } from '../http/fields/body.js';
import { type OperatorDefinition, type OperatorRequest, operatorRoute } from '../routing/operator-route.js';
import type { RouteDefinition } from '../routing/route.js';
import { type AuditEntry, auditStatement, type Target } from './audit.js';

/** Additions of a handler to its entry in the audit log. */
export interface AuditNotes {
  target?: Target | undefined;
  /** Without secrets. */
  parameters?: Readonly<Record<string, unknown>>;
}

type ChangingDefinition<S extends Shape> = Omit<OperatorDefinition<S>, 'handler' | 'audits'> & {
  readonly audit: {
    /** Such as `tenants.suspend`. */
    readonly action: string;
    /** The kind of the target, whose id is the path's parameter `id`; the handler names other targets. */
    readonly target?: string;
  };
  /** Works in one transaction with the entry of the audit log. */
  readonly handler: (
    transaction: TenantTransaction,
    request: OperatorRequest & { readonly body: LateInput<Input<S>> },
    notes: AuditNotes,
    reply: FastifyReply,
  ) => Promise<unknown>;
};

/**
 * Declares a route for operators that changes something. The change and its entry in the audit log are one transaction;
 * what was refused, or has failed, is noted too.
 */
export function changingRoute<S extends Shape>(
  database: Database,
  { audit, handler, ...definition }: ChangingDefinition<S>,
): RouteDefinition {
  return operatorRoute<S>({
    ...definition,
    audits: audit.action,
    handler: async (request, reply) => {
      const notes: AuditNotes = {
        target: audit.target ? { kind: audit.target, id: request.params.id ?? '' } : undefined,
      };
      return await audited(database, request, audit.action, notes, (transaction) =>
        handler(transaction, request, notes, reply),
      );
    },
  });
}

/**
 * Runs a change of an operator in one transaction with its entry in the audit log.
 * @throws what the change throws
 */
async function audited<T>(
  database: Database,
  request: OperatorRequest,
  action: string,
  notes: AuditNotes,
  change: TransactionWork<T>,
): Promise<T> {
  return await notingRefusals(database, request, action, notes, () =>
    database.platformTransaction(async (transaction) => {
      const result = await change(transaction);
      transaction.send(doneStatement(request, action, notes));
      return result;
    }),
  );
}

/** Returns the statement that notes a change as done, for its transaction. */
export function doneStatement(request: OperatorRequest, action: string, notes: AuditNotes = {}): Statement {
  return auditStatement(entryOf(request, action, notes, 'done'));
}

/**
 * Runs work of an operator, and notes in the audit log if it is refused or fails.
 * @throws what the work throws
 */
export async function notingRefusals<T>(
  database: Database,
  request: OperatorRequest,
  action: string,
  notes: AuditNotes,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const outcome = error instanceof HttpError && error.status < 500 ? 'refused' : 'failed';
    const status = error instanceof HttpError ? { status: error.status } : {};
    const entry = entryOf(request, action, notes, outcome, status);
    // Where the database fails, the failure itself is what the operator has to see.
    await database
      .platformTransaction(async (next) => next.send(auditStatement(entry)))
      .catch(() => undefined);
    throw error;
  }
}

function entryOf(
  { operator, ip, raw }: OperatorRequest,
  action: string,
  { target, parameters }: AuditNotes,
  outcome: AuditEntry['outcome'],
  more: object = {},
): AuditEntry {
  const from = { ip, requestId: raw.id };
  return { operator, action, target, parameters: { ...parameters, ...more }, outcome, from };
}
