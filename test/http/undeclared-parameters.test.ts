import { expect, test } from 'vitest';
import { QueryParameters } from '../../src/http/fields/query-parameters.js';

test('a parameter that the route does not declare cannot be read, whether given or not', () => {
  const declared = { page: {} };
  for (const given of [{}, { status: 'open' }]) {
    const query = new QueryParameters(given, declared);
    expect(query.text('page')).toBeUndefined();
    expect(() => query.text('status')).toThrow('reads the parameter "status" but does not declare it');
    expect(() => query.choices('status')).toThrow('declare it');
    expect(() => query.integer('toString')).toThrow('declare it');
  }
});
