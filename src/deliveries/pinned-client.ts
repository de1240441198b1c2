import type { LookupFunction } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Client } from 'undici';
import type { ResolvedAddress } from './name-lookup.js';

export interface PinnedClientOptions {
  /** Certificates, as PEM, that are trusted in addition to Node's; null for none. */
  readonly extraCa: string | null;
  /** Ends the connection, whatever it is doing; there is no other time limit. */
  readonly signal: AbortSignal;
  /** Milliseconds until the signal is aborted, so that each address gets its share. */
  readonly withinMs: number;
}

/** Minimum share of the time for each address, in milliseconds. */
const LEAST_PER_ADDRESS_MS = 250;

/**
 * Returns a client for one request that connects only to these addresses, one after the other, whatever the host name
 * resolves to by then. The certificate is still checked against the name. Destroy it after the request.
 */
export async function pinnedClient(
  url: URL,
  addresses: readonly ResolvedAddress[],
  { extraCa, signal, withinMs }: PinnedClientOptions,
): Promise<Client> {
  const { buildConnector, Client } = await import('undici'); // loaded with the first webhook
  const perAddress = Math.floor(withinMs / 2 / addresses.length);
  const connect = buildConnector({
    timeout: 0,
    signal,
    lookup: only(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(LEAST_PER_ADDRESS_MS, perAddress),
    ...(extraCa && { secureContext: trusting(extraCa) }),
  });
  return new Client(url.origin, { connect, headersTimeout: 0, bodyTimeout: 0 });
}

let trusted: { readonly extraCa: string; readonly context: SecureContext } | undefined;

/** Returns a cached TLS context: reading all certificates takes longer than the rest of a connection. */
function trusting(extraCa: string): SecureContext {
  if (trusted?.extraCa !== extraCa) {
    trusted = { extraCa, context: createSecureContext({ ca: [...rootCertificates, extraCa] }) };
  }
  return trusted.context;
}

/**
 * Returns a look-up function that yields only these addresses. It never calls back synchronously, since a connection
 * that fails at once would emit its error before anything listens.
 */
function only(addresses: readonly ResolvedAddress[]): LookupFunction {
  const [first] = addresses as [ResolvedAddress];
  return (_hostname, options, callback) => {
    process.nextTick(() => {
      if (options.all) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}
