import { afterEach, describe, expect, it } from 'vitest';
import { UncaughtErrors, type UncaughtKind } from './uncaught-errors.js';

const logged: string[] = [];
let kinds: UncaughtKind[] = [];
let ended: unknown;
const opened: UncaughtErrors[] = [];

function watch(mostFaults = 3): UncaughtErrors {
  const errors = new UncaughtErrors({ log: (message) => logged.push(message), mostFaults });
  opened.push(errors);
  errors.onError = (kind) => kinds.push(kind);
  void errors.fatal.then((error) => {
    ended = error;
  });
  // The test runner's own listeners would count the errors as failures of the test.
  const theirs = process.listeners('uncaughtException');
  for (const listener of theirs) process.off('uncaughtException', listener);
  errors.listen();
  const close = errors.close.bind(errors);
  errors.close = () => {
    close();
    for (const listener of theirs) process.on('uncaughtException', listener);
  };
  return errors;
}

afterEach(() => {
  for (const errors of opened.splice(0)) errors.close();
  logged.length = 0;
  kinds = [];
  ended = undefined;
});

/** Throws where nothing catches it. */
async function raise(error: unknown): Promise<void> {
  setImmediate(() => {
    throw error;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const coded = (code: string, more = {}) => Object.assign(new Error(code), { code, ...more });

describe('while the program runs', () => {
  it.each([
    ['a connection that was cut', coded('ECONNRESET'), 'connection'],
    ['a network without a route', coded('ENETUNREACH'), 'connection'],
    ['TLS', coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'connection'],
    ['the HTTP client', coded('UND_ERR_SOCKET'), 'connection'],
    ['PostgreSQL', coded('57P01', { severity: 'FATAL' }), 'connection'],
    ['a fault', new TypeError('x is undefined'), 'fault'],
    ['a text', 'that went wrong', 'fault'],
    ['nothing at all', undefined, 'fault'],
  ])('it goes on after an error of %s', async (_, error, kind) => {
    watch().running();
    await raise(error);
    expect(kinds).toEqual([kind]);
    expect(logged).toHaveLength(1);
    expect(ended).toBe(undefined);
  });

  it.each([
    ['no memory', coded('ENOMEM')],
    ['no memory for a buffer', new RangeError('Array buffer allocation failed')],
    ['a fault of Node', coded('ERR_INTERNAL_ASSERTION')],
  ])('it ends after %s', async (_, error) => {
    watch().running();
    await raise(error);
    expect(kinds).toEqual(['fatal']);
    expect(ended).toBe(error);
  });

  it('it ends when faults come again and again, and not for connections', async () => {
    watch(3).running();
    for (let n = 0; n < 20; n++) await raise(coded('ECONNRESET'));
    for (let n = 0; n < 3; n++) await raise(new TypeError(`${n}`));
    expect(ended).toBe(undefined);
    await raise(new TypeError('last'));
    expect(ended).toMatchObject({ message: 'last' });
  });
});

it('before the program runs, every one ends it', async () => {
  watch();
  await raise(coded('ECONNRESET'));
  expect(ended).toMatchObject({ code: 'ECONNRESET' });
});
