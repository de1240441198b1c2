import { lookup, Resolver } from 'node:dns/promises';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/**
 * A resolver of host names to addresses, which ends when the signal is aborted.
 * @throws an error if the name has no address
 */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly ResolvedAddress[]>;

/** Timeout per server and try, in milliseconds; the attempt's own deadline comes first. */
const WITHIN_MS = 3_000;
const TRIES = 2;

/**
 * Returns a resolver that uses DNS alone. The system's resolver blocks one of the process's four threads while a name
 * server hangs, and files, passwords and the database's name need the same threads.
 * @param servers name servers to use instead of the system's, such as `127.0.0.1:5353`
 */
export function dnsLookup(servers?: readonly string[]): Resolve {
  return async (hostname, signal) => {
    const resolver = new Resolver({ timeout: WITHIN_MS, tries: TRIES });
    if (servers) resolver.setServers(servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
      return [
        ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
        ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
      ];
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** Resolves names as the system does, hosts file first: for trials, where `localhost` and local names must work. */
export const systemLookup: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true });
