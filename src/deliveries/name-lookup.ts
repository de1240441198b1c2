import { lookup, Resolver } from 'node:dns/promises';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Finds the addresses of a host name; gives up when the signal says so. @throws when there is none */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly ResolvedAddress[]>;

/** For each server and try; the attempt's own deadline comes first. */
const WITHIN_MS = 3_000;
const TRIES = 2;

/**
 * Asks DNS alone. The system's own way occupies one of the process's four threads for as long as a name server stands
 * still, and files, passwords and the database's name wait for the same threads.
 * @param servers other name servers than the system's, such as `127.0.0.1:5353`
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

/** As the system resolves names, its files first: for trials, where `localhost` and names of one's own count. */
export const systemLookup: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true });
