/** A resource that the system ran out of or denies to the program. */
export interface Shortage {
  /** `full`: no room to store anything; `unwritable`: the disk takes nothing; `exhausted`: too much is open or in use. */
  readonly kind: 'full' | 'unwritable' | 'exhausted';
  /** The remedy, as the second half of a line. */
  readonly wayOut: string;
}

const FULL: Shortage = { kind: 'full', wayOut: 'make room on that disk' };
const OPEN_FILES: Shortage = {
  kind: 'exhausted',
  wayOut: 'raise the limit of open files (ulimit -n, LimitNOFILE of systemd)',
};

const SHORTAGES: Readonly<Record<string, Shortage>> = {
  ENOSPC: FULL,
  EDQUOT: { kind: 'full', wayOut: "make room within the user's quota of that disk, or raise it" },
  EROFS: { kind: 'unwritable', wayOut: 'mount that disk so that it can be written to' },
  EIO: { kind: 'unwritable', wayOut: 'look in the system log for the fault of that disk' },
  EMFILE: OPEN_FILES,
  ENFILE: OPEN_FILES,
  ENOMEM: { kind: 'exhausted', wayOut: 'give the machine more memory, or end what needs it' },
};

/** Returns the resource that a failed system call lacked, with the remedy; null for any other error. */
export function shortageOf(error: unknown): Shortage | null {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return (syscall !== undefined && code !== undefined && SHORTAGES[code]) || null;
}

/** Returns the remedy for a system error: that of a shortage, or `otherwise` for all others. */
export function wayOutOf(error: unknown, otherwise: string): string {
  return shortageOf(error)?.wayOut ?? otherwise;
}
