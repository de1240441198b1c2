import { request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { type Outcome, shortError } from './outcome.js';
import { signatureHeader } from './signature.js';
import {
  checkWebhookUrl,
  ForbiddenTargetError,
  type Resolve,
  type ResolvedAddress,
  resolveTarget,
  type WebhookPolicy,
} from './webhook-target.js';

/** What is sent to an endpoint. */
export interface WebhookMessage {
  readonly url: string;
  readonly secret: string;
  readonly eventType: string;
  /** JSON. */
  readonly body: string;
  /** The same for every attempt. */
  readonly idempotencyKey: string;
}

export interface WebhookOptions {
  readonly policy: WebhookPolicy;
  readonly resolve?: Resolve;
  /** For everything from the name's address to the end of the answer; 10 s when not given. */
  readonly withinMs?: number;
}

const WITHIN_MS = 10_000;
/** So much of the answer is kept; so much is read at most. */
const KEPT_BYTES = 2048;
const READ_BYTES = 65_536;

interface Answer {
  readonly statusCode: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/**
 * Sends one webhook. Any answer of 2xx within the time limit counts as received; redirects are not followed. It never
 * throws: what goes wrong is in the outcome.
 */
export async function sendWebhook(message: WebhookMessage, options: WebhookOptions): Promise<Outcome> {
  const begun = performance.now();
  const { policy, resolve, withinMs = WITHIN_MS } = options;
  const limit = AbortSignal.timeout(withinMs);
  const outcome = (rest: Omit<Outcome, 'durationMs'>): Outcome => ({
    durationMs: Math.round(performance.now() - begun),
    ...rest,
  });
  try {
    const url = checkWebhookUrl(message.url, policy);
    const addresses = await beforeEnd(resolveTarget(url, policy, resolve), limit);
    const { statusCode, retryAfter, text } = await post(url, addresses, message, policy, limit);
    const sent = statusCode >= 200 && statusCode < 300;
    return outcome({
      sent,
      statusCode,
      answer: text,
      error: sent ? null : `the receiver answered ${statusCode}`,
      retryAfter: sent ? 0 : secondsOf(retryAfter),
    });
  } catch (error) {
    const late = limit.aborted && `no answer within ${withinMs / 1000} s`;
    return outcome({
      sent: false,
      statusCode: null,
      answer: null,
      error: late || shortError(error),
      permanent: error instanceof ForbiddenTargetError,
    });
  }
}

/** Posts to the first of these addresses that can be connected to. */
function post(
  url: URL,
  addresses: readonly ResolvedAddress[],
  message: WebhookMessage,
  { extraCa }: WebhookPolicy,
  signal: AbortSignal,
): Promise<Answer> {
  const body = Buffer.from(message.body);
  const options: RequestOptions = {
    method: 'POST',
    agent: false, // a kept connection would lead to an address that was checked at another time
    signal,
    lookup: only(addresses),
    headers: headersFor(message, body.length),
    ...(extraCa && { secureContext: trusting(extraCa) }),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options);
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode = 0 } = response;
      const kept: Buffer[] = [];
      let length = 0;
      const finish = () => {
        const text = textOf(Buffer.concat(kept).subarray(0, KEPT_BYTES));
        resolve({ statusCode, retryAfter: response.headers['retry-after'], text });
      };
      response.on('data', (chunk: Buffer) => {
        if (length < KEPT_BYTES) kept.push(chunk);
        length += chunk.length;
        if (length < READ_BYTES) return;
        finish();
        request.destroy();
      });
      response.on('end', finish);
      response.on('error', reject);
    });
    request.end(body);
  });
}

let trusted: { readonly extraCa: string; readonly context: SecureContext } | undefined;

/** Made once: reading all certificates for each connection would take longer than everything else together. */
function trusting(extraCa: string): SecureContext {
  if (trusted?.extraCa !== extraCa) {
    trusted = { extraCa, context: createSecureContext({ ca: [...rootCertificates, extraCa] }) };
  }
  return trusted.context;
}

/** In place of the resolver's: a connection gets these addresses, whatever the name means by now. */
function only(addresses: readonly ResolvedAddress[]): NonNullable<RequestOptions['lookup']> {
  return (_hostname, options, callback) => {
    const [first] = addresses as [ResolvedAddress];
    if (options.all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };
}

function headersFor({ body, secret, eventType, idempotencyKey }: WebhookMessage, length: number) {
  return {
    'content-type': 'application/json; charset=utf-8',
    'content-length': length,
    'user-agent': 'Leopard-Webhooks/1',
    accept: '*/*',
    'idempotency-key': idempotencyKey,
    'x-leopard-delivery': idempotencyKey,
    'x-leopard-event': eventType,
    'x-leopard-signature': signatureHeader(secret, body, Math.floor(Date.now() / 1000)),
  };
}

/** What is no UTF-8 becomes U+FFFD, and so does NUL, which PostgreSQL does not keep. */
function textOf(bytes: Buffer): string {
  return new TextDecoder().decode(bytes).replaceAll('\0', '\ufffd');
}

/** Retry-After as seconds; a date, or anything else, counts as not given. */
function secondsOf(header: string | undefined): number {
  return header && /^\d{1,6}$/.test(header) ? Number(header) : 0;
}

/** The promise's outcome, unless the time is over first. */
async function beforeEnd<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const over = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
