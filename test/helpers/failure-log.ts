import { type Logger, pino } from 'pino';

/**
 * The log of an application under test: it prints its errors with their stacks beside the test that caused them, and
 * keeps those of requests, so that a test can say why an answer is a 500.
 */
export class FailureLog {
  readonly logger: Logger;
  readonly #errors = new Map<string, Error>();

  /** @param level LOG_LEVEL; below `error` nothing is printed */
  constructor(level: string) {
    const isPrinted = level !== 'silent' && level !== 'fatal';
    const logMethod = (logger: Logger, [about, message]: unknown[]) => {
      const { err, tenant } = about as { err?: Error; tenant?: string };
      const request = String(logger.bindings().reqId ?? '');
      if (err && request) this.#errors.set(request, err);
      if (isPrinted) console.error([message, tenant, request].filter(Boolean).join(' '), err ?? '');
    };
    this.logger = pino(
      {
        level: 'error',
        hooks: {
          logMethod(args) {
            logMethod(this, args);
          },
        },
      },
      { write: () => undefined },
    );
  }

  /** Returns the error of the request with this id. */
  errorOf(request: unknown): Error | undefined {
    return this.#errors.get(String(request));
  }
}
