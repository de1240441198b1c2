import { expect, it } from 'vitest';
import { errorFields } from './error-fields.js';

const ofPostgres = (fields: Record<string, string>, message: string) =>
  Object.assign(new Error(message), { severity: 'ERROR', ...fields });

it('keep what PostgreSQL says of the place, and not its values', () => {
  const error = ofPostgres(
    {
      code: '23505',
      schema: 'tenant_main',
      table: 'immigration_client',
      constraint: 'client_email_key',
      detail: 'Key (email)=(ludmilla@personova.example) already exists.',
      where: 'COPY immigration_client, line 1: "Ludmilla"',
      internalQuery: "SELECT 'Ludmilla'",
    },
    'duplicate key value violates unique constraint "client_email_key"',
  );
  const { stack, ...fields } = errorFields(error);
  expect(fields).toEqual({
    type: 'Error',
    message: 'duplicate key value violates unique constraint "client_email_key"',
    code: '23505',
    severity: 'ERROR',
    schema: 'tenant_main',
    table: 'immigration_client',
    constraint: 'client_email_key',
  });
  expect(stack).toMatch(/^Error: duplicate key.*\n\s+at /);
  expect(JSON.stringify(fields) + stack).not.toMatch(/Ludmilla|personova/);
});

it('mask the value that a data exception quotes, and what the parser of JSON repeats', () => {
  const data = ofPostgres({ code: '22P02' }, 'invalid input syntax for type integer: "AB1234567"');
  expect(errorFields(data).message).toBe('invalid input syntax for type integer: "…"');
  let syntax: unknown;
  try {
    JSON.parse('{"password": hunter2hunter2}');
  } catch (error) {
    syntax = error;
  }
  for (const text of Object.values(errorFields(new Error('a body', { cause: syntax })))) {
    expect(text).not.toContain('hunter2hunter');
  }
});

it('tell of causes and of the errors of several addresses, and end where causes are a circle', () => {
  const first = new Error('the first');
  const second = new TypeError('the second', { cause: first });
  first.cause = second;
  const { message, stack } = errorFields(second);
  expect(message).toBe('the second: the first');
  expect(stack).toMatch(/^TypeError: the second\n[\s\S]*caused by: Error: the first\n/);
  const refused = Object.assign(new AggregateError([new Error('a'), new Error('b')]), {
    code: 'ECONNREFUSED',
  });
  expect(errorFields(refused)).toMatchObject({
    type: 'AggregateError',
    message: 'a; b',
    code: 'ECONNREFUSED',
  });
});

it.each([null, undefined, 'secret', 7, {}])('reveal nothing of what is no error: %j', (thrown) => {
  expect(errorFields(thrown)).toMatchObject({ message: 'something was thrown that is no error', stack: '' });
});
