/** A name that a tenant had before; times are in seconds since 1970. */
export interface FormerName {
  /** The short name, as in tokens. */
  readonly name: string;
  /** 0 for the name with which it was created. */
  readonly since: number;
  /** The second after that in which it was renamed: from then on the name may be another tenant's. */
  readonly until: number;
}

/** Returns the time since which a tenant has its present name, in seconds; 0 if it never had another. */
export function nameSince(former: readonly FormerName[] | null | undefined): number {
  return former?.at(-1)?.until ?? 0;
}

/** Returns whether the tenant had this name at this time, in seconds since 1970. */
export function wasNamed(
  former: readonly FormerName[] | null | undefined,
  name: string,
  at: number,
): boolean {
  return former?.some((one) => one.name === name && one.since <= at && at < one.until) ?? false;
}
