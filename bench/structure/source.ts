import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vitest/node';

/** The figures of a program's sources. */
export interface SourceFigures {
  readonly files: number;
  readonly lines: number;
  readonly casts: number;
}

/** Counts the files, lines and casts of src, without tests and what is generated. */
export function countSource(root: string): SourceFigures {
  const texts = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(test|d)\.ts$|(^|\/)generated\//.test(name))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'));
  const sum = (of: (text: string) => number) => texts.reduce((total, text) => total + of(text), 0);
  return { files: texts.length, lines: sum((text) => text.split('\n').length - 1), casts: sum(countCasts) };
}

/** Counts `value as Type` other than `as const`, `<Type>value` and `value!`. */
function countCasts(text: string): number {
  let casts = 0;
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('type' in value && isCast(value)) casts += 1;
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(parseAst(text, { lang: 'ts' }));
  return casts;
}

interface Node {
  readonly type?: unknown;
  readonly typeAnnotation?: { readonly typeName?: { readonly name?: string } };
}

function isCast({ type, typeAnnotation }: Node): boolean {
  if (type === 'TSAsExpression') return typeAnnotation?.typeName?.name !== 'const';
  return type === 'TSNonNullExpression' || type === 'TSTypeAssertion';
}
