// Writes a statement over several lines, so that two versions of it can be compared: one line for each clause,
// condition and larger subquery. Only white space differs from the statement itself.

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\w*\$|\w+|\s+|::|[^\s\w]/gu;

/** Words that begin a line, unless they stand in an expression; those of the second set are indented. */
const CLAUSES = new Set(
  `SELECT FROM WHERE GROUP ORDER HAVING LIMIT OFFSET UNION SET VALUES RETURNING ON FOR WITH INSERT UPDATE DELETE FETCH
   USING`.split(/\s+/),
);
const PARTS = new Set(['JOIN', 'LEFT', 'CROSS', 'AND', 'OR']);
/** Words that begin a subquery after a parenthesis. */
const QUERIES = new Set(['SELECT', 'WITH', 'INSERT', 'UPDATE', 'DELETE', 'VALUES']);
/** Words that stay in the line of the word before. */
const STAYS: ReadonlySet<string> = new Set([
  ...['DELETE FROM', 'DISTINCT FROM', 'LEFT JOIN', 'CROSS JOIN', 'KEY UPDATE', 'FOR UPDATE', 'DO UPDATE'],
  ...['UPDATE SET', 'ROWS FROM'],
]);
/** The longest subquery that stays in its line, and the length from which on a line is broken at a comma. */
const SHORT = 80;
const LONG = 100;

interface Block {
  /** Whether it is a subquery with lines of its own. */
  readonly isQuery: boolean;
  /** Whether its lines may be broken at commas. */
  readonly isLong: boolean;
  /** The indentation of its lines, and of the line that it closes. */
  readonly indent: number;
  readonly outside: number;
}

/** Returns a statement's text in lines. */
export function formatSql(text: string): string {
  const tokens = (text.match(TOKEN) ?? []).map((token) => (/^\s/.test(token) ? ' ' : token));
  const lines: string[] = [];
  const blocks: Block[] = [{ isQuery: true, isLong: true, indent: 0, outside: 0 }];
  let line = '';
  let before = '';
  let isRange = false;
  const newLine = (indent: number) => {
    if (line.trim() !== '') lines.push(line.trimEnd());
    line = ' '.repeat(indent);
  };
  tokens.forEach((token, index) => {
    const { isQuery, isLong, indent, outside } = blocks.at(-1) as Block;
    const following = tokens[tokens[index + 1] === ' ' ? index + 2 : index + 1] ?? '';
    const stays = STAYS.has(`${before} ${token}`) || (token === 'AND' && isRange);
    if (token === ')') {
      if (isQuery) newLine(outside);
      blocks.pop();
    } else if (isQuery && !stays && PARTS.has(token)) newLine(indent + 2);
    else if (isQuery && !stays && CLAUSES.has(token) && (token !== 'ON' || following === 'CONFLICT')) {
      newLine(indent);
    }
    if ((token === 'WHEN' || token === 'ELSE') && line.length > LONG) newLine(indent + 4);
    if (token !== ' ' || !line.endsWith(' ')) line += token;
    if (token === '(') {
      const long = lengthFrom(tokens, index) > SHORT;
      const opens = long && QUERIES.has(following);
      const at = line.length - line.trimStart().length;
      blocks.push({ isQuery: opens, isLong: long, indent: opens ? at + 2 : indent, outside: at });
      if (opens) newLine(at + 2);
    } else if (token === ',' && isLong && line.length > LONG) newLine(indent + 2);
    if (token === 'BETWEEN') isRange = true;
    else if (token === 'AND') isRange = false;
    if (token !== ' ') before = token;
  });
  newLine(0);
  return lines.join('\n');
}

/** Returns the length of what stands in the parentheses that open at this token. */
function lengthFrom(tokens: readonly string[], index: number): number {
  let length = 0;
  let depth = 0;
  for (const token of tokens.slice(index)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    if (depth === 0) break;
    length += token.length;
  }
  return length;
}
