import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/helpers/longest-first.js';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'clients/*/test/**/*.test.ts'],
    globalSetup: ['test/helpers/global-setup.ts'],
    setupFiles: ['test/helpers/secret-check.ts'],
    // Bounds for what hangs; a machine that others use too may take several times its own time.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What comes about a moment later on a machine at rest may take seconds on a busy one.
    expect: { poll: { timeout: 30_000 } },
    // One more than the cores of a small machine: each waits a fifth of its time, for the database, for processes that
    // it started, or for time to pass. Each takes some 400 MB.
    maxWorkers: 3,
    // A worker loads the program once, not anew for each file, which cost some two seconds each. Files leave nothing
    // behind in modules or on globals that another one could notice; mocks and settings of Vitest end with their file.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
});
