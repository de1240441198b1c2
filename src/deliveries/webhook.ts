import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { type AttemptOutcome, shortError } from './attempt-outcome.js';
import { Deadline } from './deadline.js';
import type { Resolve, ResolvedAddress } from './name-lookup.js';
import { pinnedClient } from './pinned-client.js';
import { signatureHeader } from './signature.js';
import {
  checkWebhookUrl,
  ForbiddenTargetError,
  resolveTarget,
  type WebhookPolicy,
} from './webhook-target.js';

/** A webhook to be sent to an endpoint. */
export interface WebhookMessage {
  readonly url: string;
  /** The secrets that sign it: the endpoint's, and the previous one while it is still valid. */
  readonly secrets: readonly string[];
  readonly eventType: string;
  /** JSON. */
  readonly body: string;
  /** The same for every attempt. */
  readonly idempotencyKey: string;
}

export interface WebhookOptions {
  readonly policy: WebhookPolicy;
  readonly resolve?: Resolve;
  /** Timeout from resolving the name to the end of the answer, in milliseconds; 10 s by default. */
  readonly withinMs?: number;
}

const WITHIN_MS = 10_000;
/** Maximum number of bytes of the answer that are read and kept. */
const KEPT_BYTES = 2048;
const READ_BYTES = 65_536;
/** Maximum number of provisional answers (1xx) before the final one. */
const MOST_PROVISIONAL = 10;
/** The status with which a receiver asks for no more webhooks. */
const GONE = 410;

interface Answer {
  readonly statusCode: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/**
 * Sends one webhook. Any 2xx answer within the time limit counts as received; redirects are not followed. It always
 * ends within the limit and never throws: failures are in the outcome.
 */
export async function sendWebhook(message: WebhookMessage, options: WebhookOptions): Promise<AttemptOutcome> {
  const begun = performance.now();
  const { policy, resolve, withinMs = WITHIN_MS } = options;
  const deadline = new Deadline(withinMs, `no answer within ${withinMs / 1000} s`);
  const outcome = (rest: Omit<AttemptOutcome, 'durationMs'>): AttemptOutcome => ({
    durationMs: Math.round(performance.now() - begun),
    ...rest,
  });
  try {
    const url = checkWebhookUrl(message.url, policy);
    const addresses = await deadline.bound(resolveTarget(url, policy, deadline.signal, resolve));
    const posted = post(url, addresses, message, { policy, withinMs, deadline });
    const { statusCode, retryAfter, text } = await deadline.bound(posted);
    const sent = statusCode >= 200 && statusCode < 300;
    return outcome({
      sent,
      statusCode,
      answer: text,
      error: sent ? null : `the receiver answered ${statusCode}`,
      retryAfter: sent ? 0 : secondsOf(retryAfter),
      gone: statusCode === GONE,
    });
  } catch (error) {
    return outcome({
      sent: false,
      statusCode: null,
      answer: null,
      error: shortError(inPlainWords(error)),
      permanent: error instanceof ForbiddenTargetError,
    });
  } finally {
    deadline.end(new Error('it is over')); // closes whatever is still open
    deadline.clear();
  }
}

/**
 * Sends an event of the type `Leopard.TEST` to an endpoint now; nothing is stored.
 * @param tenant short name, which is sent to the receiver
 */
export async function sendTrial(
  endpoint: Pick<WebhookMessage, 'url' | 'secrets'>,
  tenant: string,
  options: WebhookOptions,
) {
  const [eventType, idempotencyKey] = ['Leopard.TEST', randomUUID()];
  const created_at = new Date().toISOString();
  const body = JSON.stringify({ id: idempotencyKey, type: eventType, tenant, created_at, data: {} });
  const message = { ...endpoint, eventType, body, idempotencyKey };
  const { sent, statusCode, durationMs, answer, error } = await sendWebhook(message, options);
  return { sent, status_code: statusCode, duration_ms: durationMs, answer, error };
}

interface Posting {
  readonly policy: WebhookPolicy;
  readonly withinMs: number;
  readonly deadline: Deadline;
}

/** Posts to the first of these addresses that accepts a connection. */
async function post(
  url: URL,
  addresses: readonly ResolvedAddress[],
  message: WebhookMessage,
  { policy: { extraCa }, withinMs, deadline }: Posting,
): Promise<Answer> {
  const { signal } = deadline;
  // Each attempt has its own client: a kept connection would lead to an address that was checked at another time.
  const client = await pinnedClient(url, addresses, { extraCa, signal, withinMs });
  const destroy = () => void client.destroy(signal.reason as Error).catch(() => undefined);
  signal.addEventListener('abort', destroy, { once: true });
  let provisional = 0;
  const { statusCode, headers, body } = await client.request({
    method: 'POST',
    path: `${url.pathname}${url.search}`,
    headers: headersFor(message),
    body: message.body,
    reset: true,
    signal,
    onInfo: () => {
      if (++provisional > MOST_PROVISIONAL)
        deadline.end(new Error('the receiver gave too many provisional answers'));
    },
  });
  return { statusCode, retryAfter: single(headers['retry-after']), text: await beginningOf(body) };
}

/** Reads a body to its end or to the limit, whichever comes first. */
async function beginningOf(body: Readable): Promise<string> {
  body.on('error', () => undefined); // leaving early is reported as an error
  const kept: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (length < KEPT_BYTES) kept.push(chunk);
    length += chunk.length;
    if (length >= READ_BYTES) break;
  }
  return textOf(Buffer.concat(kept).subarray(0, KEPT_BYTES));
}

function headersFor({ body, secrets, eventType, idempotencyKey }: WebhookMessage) {
  return {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Leopard-Webhooks/1',
    accept: '*/*',
    'idempotency-key': idempotencyKey,
    'x-leopard-delivery': idempotencyKey,
    'x-leopard-event': eventType,
    'x-leopard-signature': signatureHeader(secrets, body, Math.floor(Date.now() / 1000)),
  };
}

function single(header: IncomingHttpHeaders[string]): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Decodes UTF-8; invalid bytes become U+FFFD, and so does NUL, which PostgreSQL cannot store. */
function textOf(bytes: Buffer): string {
  return new TextDecoder().decode(bytes).replaceAll('\0', '\ufffd');
}

/** Parses Retry-After as seconds; a date, or anything else, counts as missing. */
function secondsOf(header: string | undefined): number {
  return header && /^\d{1,6}$/.test(header) ? Number(header) : 0;
}

/** Replaces the client's error for a protocol switch, which describes its own internals. */
function inPlainWords(error: unknown): unknown {
  const { message, code } = error as { message?: string; code?: string };
  const isSwitch = message === 'bad upgrade' || code === 'ERR_ASSERTION';
  return isSwitch ? 'the receiver answered 101 Switching Protocols' : error;
}
