import { expect } from 'vitest';
import { type Config, loadConfig } from '../../src/config/config.js';
import type { Level, Line, ProductionCheck, Surroundings } from '../../src/production/check.js';
import { type CheckedLine, runChecks } from '../../src/production/run-checks.js';

/** Settings of a program as people should use it; nothing listens at its addresses. */
const GOOD: NodeJS.ProcessEnv = {
  DATABASE_URL: 'postgres://leopard_app:x@127.0.0.1:1/leopard',
  SECRET_KEY: 'VhQ2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKiWq7JkMoNyTzUxrQs',
  BASE_DOMAIN: 'crm.acme.com',
  ALLOWED_HOSTS: '.crm.acme.com',
  USE_HTTPS: 'true',
  TRUSTED_PROXIES: '127.0.0.1',
  NOTIFICATION_STREAM_ALLOWED_ORIGIN: 'https://app.acme.com',
};

/** Returns the settings of a program as people should use it, with changes. */
export function goodConfig(changes: NodeJS.ProcessEnv = {}, directory = '/nowhere'): Config {
  return loadConfig({ LEOPARD_DATA_DIR: '/tmp', ...GOOD, ...changes }, directory);
}

/** An instruction: it begins with what to do. */
const INSTRUCTION =
  /^(?:if |as a superuser run|as root |close|copy|create|drop|empty|end|find|generate|get|give|grant|let|list|look|make|mend|move|mount|put|raise|read|remove|renew|run|see|set|start|stop|update|use|watch|write|compare|delete|build|with )/i;

/** Runs one check. @returns its lines, each of which says what to do unless all is well */
export async function checked(
  check: ProductionCheck,
  context: Partial<Surroundings> = {},
): Promise<CheckedLine[]> {
  const lines = await runChecks([check], {
    config: goodConfig(),
    directory: '/nowhere',
    database: null,
    ...context,
  });
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expectInstruction(line);
  return lines;
}

/** Expects a line that is not well to say what to do, in one line. */
export function expectInstruction(line: Line): void {
  expect(line.text).not.toMatch(/[\n\r]/);
  expect(line.text.length).toBeGreaterThan(0);
  if (line.level === 'ok') return;
  expect(line.mend).toMatch(INSTRUCTION);
  expect(line.mend).not.toMatch(/[\n\r]|\.$/);
}

/** Returns the levels of lines and a part of their texts, for comparing. */
export function told(lines: readonly CheckedLine[]): [Level, string][] {
  return lines.map((line) => [line.level, line.level === 'ok' ? line.text : `${line.text}; ${line.mend}`]);
}

/** Expects exactly these lines, each of a level and with a text that matches. */
export function expectLines(
  lines: readonly CheckedLine[],
  wanted: readonly (readonly [Level, RegExp])[],
): void {
  expect(told(lines)).toEqual(wanted.map(([level, text]) => [level, expect.stringMatching(text)]));
}
