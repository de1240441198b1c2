import { PlainError } from '../../platform/plain-error.js';
import { shortName } from '../../tenancy/tenant-name.js';

/** Thrown when another process works on the same operation, or has just taken it over. */
export class OperationHeldError extends PlainError {
  override readonly name = 'OperationHeldError';
}

/** Thrown when a tenant has an unfinished operation of another kind or with other parameters; nothing was changed. */
export class OperationInTheWayError extends PlainError {
  override readonly name = 'OperationInTheWayError';

  constructor(
    /** The operation that has to be finished first. */
    readonly operation: {
      readonly id: number;
      readonly kind: string;
      readonly schemas: readonly string[];
      readonly isUnderWay: boolean;
    },
  ) {
    const { kind, schemas, isUnderWay } = operation;
    const whatToDo = isUnderWay
      ? 'a process is working on it: try again when it is done; see: leopard tenants operations'
      : carryOn(shortName(schemas[0]!));
    super(`an operation on ${schemas.map(shortName).join(' and ')} is not finished: ${kind}; ${whatToDo}`);
  }
}

/** Thrown when an operation failed at a step from which there is no way back; it can be carried on. */
export class OperationFailedError extends PlainError {
  override readonly name = 'OperationFailedError';

  constructor(kind: string, schema: string, label: string, cause: Error) {
    super(
      `${kind} of ${shortName(schema)} stopped while ${label}: ${cause.message}; ${carryOn(shortName(schema))}`,
      {
        cause,
      },
    );
  }
}

function carryOn(tenant: string): string {
  return `carry it on: leopard tenants resume ${tenant}`;
}
