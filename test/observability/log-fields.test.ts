import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CallExpression, type Expression, parseSync, Visitor } from 'oxc-parser';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { errorFields } from '../../src/platform/error-fields.js';
import { logOptions } from '../../src/platform/log.js';
import { isTest, ROOT, sourceFiles } from '../architecture/sources.js';

const PAGE = readFileSync(join(ROOT, 'docs/observability.md'), 'utf8');
const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
/** Files whose lines are described elsewhere: the security log's. */
const OTHERS = new Set(['src/platform/security-lines.ts']);
/** Objects that are spread into lines, with their fields. */
const SPREAD: Readonly<Record<string, readonly string[]>> = {
  'request.logContext': ['tenant', 'user', 'proxyReqId'],
  'raw.logContext': ['tenant', 'user', 'proxyReqId'],
};

/** Returns the names in the first column of the table below a heading. */
function tableBelow(heading: string): string[] {
  const section = PAGE.split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? '';
  return [...section.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name!);
}

/** Finds the calls that write a line, and the fields that they give it. */
function writtenFields(): { fields: Set<string>; unclear: string[] } {
  const fields = new Set<string>();
  const unclear: string[] = [];
  for (const { path, text } of sourceFiles('src')) {
    if (isTest(path) || OTHERS.has(path)) continue;
    const source = (node: { start: number; end: number }) => text.slice(node.start, node.end);
    const take = (about: Expression) => {
      if (about.type !== 'ObjectExpression') {
        // A message alone: a text, or what is called a line or message.
        const isMessage = /^(['"`]|line\b|message\b|asTyped\()/.test(source(about));
        if (!isMessage) unclear.push(`${path}: ${source(about)}`);
        return;
      }
      for (const property of about.properties) {
        if (property.type === 'SpreadElement') {
          const { argument } = property;
          const known = SPREAD[source(argument)];
          if (known) for (const name of known) fields.add(name);
          else unclear.push(`${path}: ${source(property)}`);
        } else fields.add(source(property.key));
      }
    };
    const visit = (call: CallExpression) => {
      const { callee } = call;
      if (callee.type !== 'MemberExpression' || callee.computed) return;
      if (!LEVELS.has(callee.property.name) || !/(^|\.)log$/.test(source(callee.object))) return;
      take(call.arguments[0] as Expression);
    };
    new Visitor({ CallExpression: visit }).visit(parseSync(path, text).program);
  }
  return { fields, unclear };
}

it('the fields of lines are those that the page describes', () => {
  const { fields, unclear } = writtenFields();
  expect(unclear).toEqual([]);
  let line: Record<string, unknown> = {};
  pino(logOptions('info'), { write: (text) => (line = JSON.parse(text)) }).info('hello');
  const written = [...new Set([...Object.keys(line), 'reqId', ...fields])];
  expect(tableBelow('### Fields').toSorted()).toEqual(written.toSorted());
});

it('so are those of errors', () => {
  const all = ['code', 'syscall', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'];
  const more = { ...Object.fromEntries(all.map((name) => [name, 'x'])), detail: 'x', where: 'x', hint: 'x' };
  const error = errorFields(Object.assign(new Error('x'), more));
  expect(tableBelow('### Errors').toSorted()).toEqual(Object.keys(error).toSorted());
});
