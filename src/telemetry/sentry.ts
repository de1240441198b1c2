import { createStackParser, createTransport, type Event, Scope, type Transport } from '@sentry/core';
import { nodeStackLineParser, ServerRuntimeClient } from '@sentry/core/server';
import { request } from 'undici';
import type { ObservabilitySettings } from '../config/observability-settings.js';
import { LineLimit } from '../platform/line-limit.js';
import { type ErrorLine, errorLines } from '../platform/log.js';
import { withoutPersonal } from './personal.js';

/** Maximum number of reports per minute, and of those under way; further errors are only logged. */
const MOST_PER_MINUTE = 60;
const MOST_UNDER_WAY = 20;
const SENT_WITHIN_MS = 5_000;
const CLOSES_WITHIN_MS = 3_000;

export interface SentryOptions {
  readonly version: string;
  /** Writes a line to the log, at level warn. */
  readonly warn: (line: string) => void;
}

/** Begins to report the errors that the log gets: their class, message and stack, the agency and the request's id. */
export function startSentry(
  { dsn, environment }: ObservabilitySettings['sentry'],
  { version, warn }: SentryOptions,
): { close(): Promise<void> } {
  const failures = new LineLimit(1);
  const reports = new LineLimit(MOST_PER_MINUTE);
  const stackParser = createStackParser(nodeStackLineParser());
  const client = new ServerRuntimeClient({
    dsn,
    environment,
    release: `leopard@${version}`,
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    stackParser,
    integrations: [],
    maxBreadcrumbs: 0,
    sendClientReports: false,
    transport: (options) =>
      createLimitedTransport(options, (reason) => {
        if (failures.take() !== null) warn(`errors could not be reported: ${reason}`);
      }),
  });
  client.init();
  const sink = (line: ErrorLine) => {
    if (reports.take() === null) return;
    // A scope of its own: the shared one gathers what other code puts there.
    client.captureEvent(eventOf(line, stackParser), undefined, new Scope());
  };
  errorLines.sink = sink;
  return {
    async close() {
      if (errorLines.sink === sink) errorLines.sink = null;
      await client.close(CLOSES_WITHIN_MS);
    },
  };
}

function createLimitedTransport(
  options: Parameters<typeof createTransport>[0] & { readonly url: string },
  onFailure: (reason: string) => void,
): Transport {
  return createTransport({ ...options, bufferSize: MOST_UNDER_WAY }, async ({ body }) => {
    try {
      const signal = AbortSignal.timeout(SENT_WITHIN_MS);
      const {
        statusCode,
        headers,
        body: answer,
      } = await request(options.url, { method: 'POST', body, signal });
      await answer.dump();
      if (statusCode >= 300) onFailure(`the receiver answers ${statusCode}`);
      const told = (name: string) => (headers[name] === undefined ? null : String(headers[name]));
      return {
        statusCode,
        headers: { 'retry-after': told('retry-after'), 'x-sentry-rate-limits': told('x-sentry-rate-limits') },
      };
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      onFailure(typeof code === 'string' ? code : name);
      throw error;
    }
  });
}

/** Returns the report of a line. Fields of the line that are not named here stay in the log. */
function eventOf({ level, msg, fields, err }: ErrorLine, parse: ReturnType<typeof createStackParser>): Event {
  const tag = (name: string, value: unknown) => (typeof value === 'string' ? { [name]: value } : {});
  const message = withoutPersonal(msg);
  return {
    level,
    logger: 'leopard',
    platform: 'node',
    tags: {
      ...tag('tenant', fields.tenant),
      ...tag('request_id', fields.reqId),
      ...tag('code', err?.code),
      ...tag('table', err?.table),
      ...tag('constraint', err?.constraint),
    },
    ...(err
      ? {
          transaction: message,
          exception: {
            values: [
              {
                type: err.type,
                value: withoutPersonal(err.message),
                stacktrace: { frames: parse(err.stack) },
                mechanism: { type: 'logged', handled: true },
              },
            ],
          },
        }
      : { message }),
  };
}
