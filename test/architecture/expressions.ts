import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { type NewExpression, parseSync, Visitor } from 'oxc-parser';
import { analyse } from 'scslre';
import { isTest, ROOT, type SourceFile } from './sources.js';

// Work is linear in what a user sends. An expression that can look at the same characters again and again takes minutes
// for a text of a megabyte, and holds up everybody: `\s*,` tries every space anew, `(a+)+$` every way to share the
// letters out.

/** An expression in a file: its pattern and flags, and the line. */
interface Expression {
  readonly source: string;
  readonly flags: string;
  readonly line: number;
}

/**
 * Expressions with a repeated group, each with the reason why a text can be divided among its repetitions in one way
 * only. The analysis does not look for two alternatives that match the same text.
 */
const REPEATED_GROUPS: readonly (readonly [RegExp, string])[] = [
  [/(?:%[0-9a-f]{2})+|%/, 'each repetition has a fixed length'],
  [
    /\{\?([a-z][a-z0-9_]*):((?:[^{}|]|\{[a-z][a-z0-9_]*\})*)(?:\|((?:[^{}]|\{[a-z][a-z0-9_]*\})*))?\}/,
    'one alternative begins with a brace, the other has none',
  ],
  [
    /^(?:[-!#$%&'*+/=?^_`{}|~0-9a-z]+(?:\.[-!#$%&'*+/=?^_`{}|~0-9a-z]+)*|"(?:[\x21\x23-\x5b\x5d-\x7e]|\\[\x21-\x7e])*")$/,
    'each repetition begins with the point or the backslash that none else contains',
  ],
  [
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z0-9-]{2,63}(?<!-))$/,
    'each repetition ends with the only point in it, and has 63 characters at most',
  ],
  [
    /^(?:"(?:[^"\\\r\n]|\\[^\r\n])*"[ \t]*|[^"<>\r\n,;:@]*)<([^<>\s]+)>$/,
    'one alternative begins with a backslash, the other has none',
  ],
  [
    /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/,
    'each repetition begins with the only point in it, and has 64 characters at most',
  ],
];

/** Files that build expressions while they run, each with the reason why these are safe. */
const BUILT_WHILE_RUNNING: Readonly<Record<string, string>> = {
  'src/routing/path-table.ts': 'the routes’ own paths, in which each parameter is `[^/]+` between slashes',
  'src/http/cors.ts': 'names of hosts, whose parts end with a point; `*` stands for no slash or colon',
};

/** Returns the expressions of the program's files that can take more than linear time, and exceptions that are stale. */
export async function expressionBreaches(files: readonly SourceFile[]): Promise<string[]> {
  const program = files.filter(({ path }) => path.startsWith('src/') && !isTest(path));
  const breaches: string[] = [];
  const seen = new Set<string>();
  for (const file of program) {
    const { literals, built } = expressionsIn(file);
    const expressions = [...literals, ...(built.length > 0 ? await builtAtImport(file.path) : [])];
    for (const expression of expressions) {
      seen.add(expression.source);
      for (const problem of problemsOf(expression))
        breaches.push(`${file.path}:${expression.line} ${problem}`);
    }
    if (built.length === 0) continue;
    seen.add(file.path);
    if (expressions.length === literals.length && !BUILT_WHILE_RUNNING[file.path]) {
      breaches.push(
        `${file.path}:${built[0]} builds an expression that cannot be examined; name it in test/architecture/expressions.ts with the reason why it is safe`,
      );
    }
  }
  const exceptions = [...REPEATED_GROUPS.map(([{ source }]) => source), ...Object.keys(BUILT_WHILE_RUNNING)];
  for (const name of exceptions) {
    if (!seen.has(name)) breaches.push(`test/architecture/expressions.ts: no file has the exception ${name}`);
  }
  return breaches;
}

/** Returns why an expression can take more than linear time; none for a safe one. */
export function problemsOf({ source, flags }: Pick<Expression, 'source' | 'flags'>): string[] {
  const literal = new RegExpParser().parseLiteral(`/${source}/${flags}`);
  const shown = `/${source.length > LONGEST_SHOWN ? `${source.slice(0, LONGEST_SHOWN)}…` : source}/${flags}`;
  const { reports } = analyse(literal, { reportTypes: { Move: true } });
  const problems = reports.map((report) => {
    const { raw } = report.type === 'Trade' ? report.startQuant : report.quant;
    return `${shown}: ${raw} takes quadratic time or worse (${REASONS[report.type]})`;
  });
  let isRepeated = false;
  visitRegExpAST(literal, {
    onQuantifierEnter({ max, element }) {
      if (max > MOST_REPETITIONS && /Group/.test(element.type)) isRepeated = true;
    },
  });
  if (isRepeated && !REPEATED_GROUPS.some(([known]) => known.source === source)) {
    problems.push(
      `${shown}: it repeats a group; name it in test/architecture/expressions.ts with the reason why that is safe`,
    );
  }
  return [...new Set(problems)];
}

const MOST_REPETITIONS = 9;
const LONGEST_SHOWN = 160;
const REASONS = {
  Trade: 'another part can match the same characters',
  Self: 'its repetitions can match the same characters',
  Move: 'it is tried anew from every character that it matches',
};

/** Finds the expressions in a file's code, and the lines where it builds one from other values. */
export function expressionsIn({ path, text }: Pick<SourceFile, 'path' | 'text'>): {
  readonly literals: Expression[];
  readonly built: number[];
} {
  const literals: Expression[] = [];
  const built: number[] = [];
  const lineOf = (position: number) => text.slice(0, position).split('\n').length;
  const onCall = ({ callee, arguments: [pattern, flags], start }: Called) => {
    if (callee.type !== 'Identifier' || callee.name !== 'RegExp') return;
    const source = constantText(pattern);
    if (source === null) built.push(lineOf(start));
    else
      literals.push({
        source: new RegExp(source).source,
        flags: constantText(flags) ?? '',
        line: lineOf(start),
      });
  };
  new Visitor({
    Literal(node) {
      if ('regex' in node && node.regex) {
        literals.push({ source: node.regex.pattern, flags: node.regex.flags, line: lineOf(node.start) });
      }
    },
    NewExpression: onCall,
    CallExpression: onCall,
  }).visit(parseSync(path, text).program);
  return { literals, built };
}

type Called = Pick<NewExpression, 'callee' | 'arguments' | 'start'>;

/** Returns the value of a constant text; null for any other argument. */
function constantText(argument: Called['arguments'][number] | undefined): string | null {
  if (argument?.type === 'Literal' && typeof argument.value === 'string') return argument.value;
  return argument?.type === 'TemplateLiteral' && argument.expressions.length === 0
    ? (argument.quasis[0]?.value.cooked ?? null)
    : null;
}

/** Imports a file and returns the expressions that it builds meanwhile. */
async function builtAtImport(path: string): Promise<Expression[]> {
  const built: Expression[] = [];
  const Original = globalThis.RegExp;
  const record = (made: RegExp) => {
    const at = /\/(src\/[^:?]+\.ts)[^:]*:(\d+):/.exec(new Error('only for its stack').stack ?? '');
    if (at?.[1] === path) built.push({ source: made.source, flags: made.flags, line: Number(at[2]) });
    return made;
  };
  globalThis.RegExp = new Proxy(Original, {
    construct: (target, given, newTarget) => record(Reflect.construct(target, given, newTarget)),
    apply: (target, self, given) => record(Reflect.apply(target, self, given)),
  });
  try {
    await import(`${ROOT}/${path}?expressions`);
  } finally {
    globalThis.RegExp = Original;
  }
  return built;
}
