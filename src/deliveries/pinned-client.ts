import type { LookupFunction } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Client } from 'undici';
import type { ResolvedAddress } from './name-lookup.js';

export interface PinnedClientOptions {
  /** Certificates, as PEM, that are trusted beside those of Node; null: none. */
  readonly extraCa: string | null;
  /** Ends the connection, whatever it is doing: the one limit of time. */
  readonly signal: AbortSignal;
  /** In how many milliseconds that will be, so that each address has its share. */
  readonly withinMs: number;
}

/** An address that does not answer leaves the others their time, but none has less than this. */
const LEAST_PER_ADDRESS_MS = 250;

/**
 * Makes a client for one request that connects to these addresses and no others, one after the other, whatever the name
 * of the host means by then. Its certificate is still checked against the name. To be destroyed after the request.
 */
export async function pinnedClient(
  url: URL,
  addresses: readonly ResolvedAddress[],
  { extraCa, signal, withinMs }: PinnedClientOptions,
): Promise<Client> {
  const { buildConnector, Client } = await import('undici'); // when the first webhook needs it
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

/** Made once: reading all certificates for each connection would take longer than everything else together. */
function trusting(extraCa: string): SecureContext {
  if (trusted?.extraCa !== extraCa) {
    trusted = { extraCa, context: createSecureContext({ ca: [...rootCertificates, extraCa] }) };
  }
  return trusted.context;
}

/**
 * In place of the resolver's. It never calls back in the same turn: a connection that fails at once would tell of it
 * before anybody listens.
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
