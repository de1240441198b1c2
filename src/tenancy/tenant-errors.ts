import { PlainError } from '../platform/plain-error.js';

/** Thrown when the values given for a tenant are invalid. */
export class InvalidTenantError extends PlainError {
  override readonly name = 'InvalidTenantError';
}

/** Thrown when the schema, name or domain belongs to another tenant. Nothing was changed. */
export class TenantExistsError extends PlainError {
  override readonly name = 'TenantExistsError';

  constructor(
    readonly what: 'schema' | 'name' | 'domain',
    readonly value: string,
  ) {
    const other = what === 'schema' ? 'short name' : what;
    super(`there is a tenant with the ${what} "${value}" already; choose another ${other}`);
  }
}

/** Thrown when there is no tenant with this schema. */
export class TenantNotFoundError extends PlainError {
  override readonly name = 'TenantNotFoundError';

  constructor(schema: string) {
    super(`there is no tenant with the schema ${schema}; see: leopard tenants list`);
  }
}
