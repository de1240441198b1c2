/** Something that the system ran out of, or does not let the program have. */
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
  EIO: { kind: 'unwritable', wayOut: 'look into the system log for what is wrong with that disk' },
  EMFILE: OPEN_FILES,
  ENFILE: OPEN_FILES,
  ENOMEM: { kind: 'exhausted', wayOut: 'give the machine more memory, or end what needs it' },
};

/** Returns what a failed system call lacked and what to do about it; null for any other error. */
export function shortageOf(error: unknown): Shortage | null {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return (syscall !== undefined && code !== undefined && SHORTAGES[code]) || null;
}

/** Returns what to do about an error of the system: the way out of a shortage, or what is given for all others. */
export function wayOutOf(error: unknown, otherwise: string): string {
  return shortageOf(error)?.wayOut ?? otherwise;
}
