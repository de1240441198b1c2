import { afterEach, expect } from 'vitest';
import { takeFound } from './secret-scan.js';

// A set-up file of Vitest: the logs of all applications and programs under test are scanned as they are written.
afterEach(() => {
  expect(takeFound(), 'secrets in the log').toEqual([]);
});
