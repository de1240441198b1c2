import { type Logger, pino } from 'pino';
import { logOptions } from '../../src/platform/log.js';
import { scanLine } from './secret-scan.js';

const ERROR = 50;

/**
 * The log of an application under test: it prints its errors with their stacks beside the test that caused them, and
 * keeps those of requests, so that a test can say why an answer is a 500. All its lines are scanned for secrets.
 */
export class FailureLog {
  readonly logger: Logger;
  readonly #errors = new Map<string, Error>();

  /** @param level LOG_LEVEL; below `error` nothing is printed */
  constructor(level: string) {
    const isPrinted = level !== 'silent' && level !== 'fatal';
    const options = logOptions('info');
    const note = (logger: Logger, [about, message]: unknown[], levelOfLine: number) => {
      if (levelOfLine < ERROR) return;
      const { err, tenant } = about as { err?: Error; tenant?: string };
      const request = String(logger.bindings().reqId ?? '');
      if (err && request) this.#errors.set(request, err);
      if (isPrinted) console.error([message, tenant, request].filter(Boolean).join(' '), err ?? '');
    };
    this.logger = pino(
      {
        ...options,
        hooks: {
          logMethod(args, write, levelOfLine) {
            note(this, args, levelOfLine);
            options.hooks?.logMethod?.call(this, args, write, levelOfLine);
          },
        },
      },
      { write: scanLine }, // as the program would write it
    );
  }

  /** Returns the error of the request with this id. */
  errorOf(request: unknown): Error | undefined {
    return this.#errors.get(String(request));
  }
}
