import { describe, expect, it, test } from 'vitest';
import { wrapped } from './markdown.js';
import { breachesOf } from './wording.js';

describe('the comment of', () => {
  test.each([
    [
      'a function',
      '/** The newest event. */\nexport function newest(): Event {',
      "1 a function's comment begins with a verb",
    ],
    [
      'a method',
      'class A {\n  /** What is next. */\n  async next(id: number): Promise<void> {',
      '2 a function',
    ],
    [
      'an arrow function',
      '/** Whether it is over. */\nexport const isOver = (at: number) => at < 0;',
      '1 a function',
    ],
    [
      'a type',
      '/** What a claim holds. */\nexport interface Claim {',
      "1 a type's comment begins with a noun",
    ],
  ])('%s begins with the wrong word', (_what, source, breach) => {
    expect(breachesOf(source)).toEqual([expect.stringContaining(breach)]);
  });

  it('functions, types and constants begins with the right one', () => {
    expect(breachesOf('/** Returns the newest event. */\nexport function newest(): Event {')).toEqual([]);
    expect(breachesOf('/** A claim on an event. */\nexport interface Claim {')).toEqual([]);
    expect(breachesOf('/** Whether it is over. */\nreadonly isOver: boolean;')).toEqual([]);
  });

  it('anything uses a phrase that is not used', () => {
    expect(breachesOf('/** Of so many rows. */\nconst most = 1;\n')).toEqual(['1 "so many"']);
    expect(breachesOf("const text = 'so many // rows';\n")).toEqual([]);
  });
});

describe('a page', () => {
  const long = Array.from({ length: 40 }, () => 'word').join(' ');

  it('is wrapped at 120 characters, list items with their indentation', () => {
    const lines = wrapped(`Short\n${long}\n\n- ${long}\n`).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(lines[0]).toMatch(/^Short word word/);
    expect(lines.at(-2)).toMatch(/^ {2}word/);
  });

  it('keeps tables, headings and code', () => {
    const page = `# ${long}\n\n| ${long} |\n|---|\n\n\`\`\`\n${long}\n${long}\n\`\`\`\n`;
    expect(wrapped(page)).toBe(page);
  });

  it('begins no line with what would make a list', () => {
    for (let length = 100; length < 125; length++) {
      const lines = wrapped(`${'x'.repeat(length)} - and 2. more ${long}`).split('\n');
      expect(lines.filter((line) => /^([-*+]|\d+\.) /.test(line))).toEqual([]);
    }
  });
});
