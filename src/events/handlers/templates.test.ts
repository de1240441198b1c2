import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, namesIn, templateProblem } from './templates.js';

const values: Readonly<Record<string, string>> = {
  client_name: 'Ada Lovelace',
  old_stage: 'LEAD',
  new_stage: 'CLIENT',
  strange: '{client_name} {?x:y|z}',
  spaced: 'two  spaces',
};
const fill = (template: string) => fillTemplate(template, (name) => values[name] ?? null);

describe('a template', () => {
  it.each([
    [
      'Client {client_name} moved from {old_stage} to {new_stage}',
      'Client Ada Lovelace moved from LEAD to CLIENT',
    ],
    ['Client {missing} was archived', 'Client was archived'],
    ['Note added', 'Note added'],
    ['{?new_stage:now {new_stage}|none}', 'now CLIENT'],
    ['{?missing:now {missing}|none left}', 'none left'],
    ['{?missing:now {missing}}', ''],
    ['{?missing:a|b {client_name}}!', 'b Ada Lovelace!'],
    ['{strange}', '{client_name} {?x:y|z}'],
    ['{spaced}: {missing}', 'two  spaces:'],
  ])('%s', (template, text) => {
    expect(fill(template)).toBe(text);
  });

  it('never shows a mark of its own without a value', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/);
    const part = fc.oneof(
      name.map((known) => `{${known}}`),
      fc.tuple(name, name).map(([a, b]) => `{?${a}:x {${b}}|y}`),
      fc.stringMatching(/^[^{}]{0,9}$/),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(fillTemplate(parts.join(''), () => null)).not.toMatch(/[{}]/);
      }),
    );
  });

  it('tells which names it needs', () => {
    expect(namesIn('{a} {?b:{c}|{d}} {a}').sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    ['{a} {?b:{c}|d}', null],
    ['{a', 'a brace that belongs to no mark in "{a"'],
    ['{A}', 'a brace that belongs to no mark in "{A}"'],
  ])('with braces as in %s has the problem %j', (template, problem) => {
    expect(templateProblem(template)).toBe(problem);
  });
});
