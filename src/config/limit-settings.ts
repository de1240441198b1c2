import type { SettingsReader } from './settings-reader.js';

/** The limits of one user or of one tenant. */
interface RequestLimits {
  readonly perSecond: number;
  readonly atOnce: number;
  /** Those that are heavy work, such as exports. */
  readonly heavyAtOnce: number;
  /** Bytes of bodies and unread answers in memory. */
  readonly bytes: number;
}

/** Limits that keep one client, user or agency from taking what others need; 0 switches a limit off. */
export interface LimitSettings {
  readonly connections: {
    /** Maximum number of open connections of this process, and of those from one address. */
    readonly most: number;
    readonly perAddress: number;
  };
  /** Passwords that are checked or hashed: at once, and waiting, in all, of one tenant and of one address. */
  readonly passwords: {
    readonly atOnce: number;
    readonly waiting: number;
    readonly waitingPerTenant: number;
    readonly waitingPerAddress: number;
  };
  readonly requests: { readonly user: RequestLimits; readonly tenant: RequestLimits };
  /** Live streams of one user. */
  readonly streamsPerUser: number;
}

const MOST = 1_000_000;
const MEGABYTE = 1024 * 1024;

/** Reads the limits; errors become problems of `read`. */
export function readLimitSettings(read: SettingsReader): LimitSettings {
  const limit = (name: string, fallback: number) => read.integer(name, fallback, { min: 0, max: MOST });
  return {
    connections: {
      most: limit('MAX_CONNECTIONS', 10_000),
      perAddress: limit('CONNECTIONS_PER_ADDRESS', 2_000),
    },
    passwords: {
      atOnce: limit('PASSWORDS_AT_ONCE', 2),
      waiting: limit('PASSWORDS_WAITING', 1_000),
      waitingPerTenant: limit('PASSWORDS_WAITING_PER_TENANT', 200),
      waitingPerAddress: limit('PASSWORDS_WAITING_PER_ADDRESS', 100),
    },
    requests: {
      user: {
        perSecond: limit('REQUESTS_PER_SECOND_PER_USER', 200),
        atOnce: limit('REQUESTS_AT_ONCE_PER_USER', 100),
        heavyAtOnce: limit('HEAVY_REQUESTS_AT_ONCE_PER_USER', 2),
        bytes: MEGABYTE * limit('MEGABYTES_PER_USER', 32),
      },
      tenant: {
        perSecond: limit('REQUESTS_PER_SECOND_PER_TENANT', 1_000),
        atOnce: limit('REQUESTS_AT_ONCE_PER_TENANT', 400),
        heavyAtOnce: limit('HEAVY_REQUESTS_AT_ONCE_PER_TENANT', 6),
        bytes: MEGABYTE * limit('MEGABYTES_PER_TENANT', 64),
      },
    },
    streamsPerUser: limit('STREAMS_PER_USER', 20),
  };
}
