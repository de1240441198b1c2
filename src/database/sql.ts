import type { Statement } from './statement.js';

/** Maximum number of shapes that are remembered: three times those of all routes, as some filters multiply them. */
const MOST_SHAPES = 10_000;

/** The text of a piece of SQL: what stands before, between and behind its values. */
class Shape {
  #text: string | undefined;

  constructor(readonly pieces: readonly string[]) {}

  /** The whole text, with `$1`, `$2` … in place of the values. */
  get text(): string {
    this.#text ??= this.pieces.reduce((text, piece, index) => `${text}$${index}${piece}`);
    return this.#text;
  }
}

/** A node of the tree that leads from a template, by the shapes of its parts, to the shape of the whole. */
class Node {
  shape: Shape | undefined;
  #value: Node | undefined;
  readonly #pieces = new Map<Shape, Node>();

  /** Returns the node for the next part: a value, or a piece of SQL of this shape. */
  next(shape: Shape | undefined): Node {
    if (!shape) {
      this.#value ??= new Node();
      return this.#value;
    }
    let node = this.#pieces.get(shape);
    if (!node) {
      node = new Node();
      this.#pieces.set(shape, node);
    }
    return node;
  }
}

/** The caches, which are dropped together. */
class Memory {
  readonly templates = new WeakMap<readonly string[], Node>();
  readonly constants = new Map<string, Sql>();
  readonly names = new Map<string, Sql>();
  readonly separators = new Map<string, string[]>();
  shapes = 0;
}

let memory = new Memory();

/** Makes a shape that is about to be remembered. */
function newShape(pieces: readonly string[]): Shape {
  if (++memory.shapes > MOST_SHAPES) memory = new Memory();
  return new Shape(pieces);
}

/** A value of a template: SQL, which becomes part of the text, or a parameter. */
export type Part = Sql | Value;
type Value = string | number | boolean | null | undefined | Date | Buffer | readonly Value[];

/**
 * A piece of SQL with its values: a statement, or a part of one.
 * @typeParam Row the type of its rows; of an expression, that of its value
 */
export class Sql<Row = unknown> implements Statement<Row> {
  declare readonly row?: Row;

  constructor(
    /** Equal for pieces that were written alike; see `sql`. */
    readonly shape: Shape,
    readonly parameters: readonly unknown[],
  ) {}

  get sql(): string {
    return this.shape.text;
  }

  /** @throws TypeError, since in the middle of a text it would be no SQL */
  toString(): never {
    throw new TypeError(`SQL in a text that is no template of sql: ${this.sql}`);
  }
}

/**
 * Writes SQL. Parts that are SQL themselves become part of its text, and all others are sent as values. A text is made
 * only once: from then on, it is found by the identity of the template and of what the template holds.
 */
export function sql<Row = unknown>(template: TemplateStringsArray, ...parts: readonly Part[]): Sql<Row> {
  return compose(template, parts);
}

/** Returns text of the program's own, without values. */
sql.raw = <Row = unknown>(text: string): Sql<Row> => {
  let constant = memory.constants.get(text);
  if (!constant) {
    constant = new Sql(newShape([text]), []);
    memory.constants.set(text, constant);
  }
  return constant as Sql<Row>;
};

/** Returns a number as part of the text, for constants on which the plan depends. */
sql.lit = (number: number): Sql => sql.raw(String(number));

/** Returns the quoted name of a table or a column, with or without a qualifier: `r.name`. */
sql.ref = (name: string): Sql => {
  let quoted = memory.names.get(name);
  if (!quoted) {
    quoted = sql.raw(name.replace(/[^.]+/g, (part) => `"${part.replaceAll('"', '""')}"`));
    memory.names.set(name, quoted);
  }
  return quoted;
};

/** Returns the parts, in order. @param separator without values; a comma by default */
sql.join = <Row = unknown>(parts: readonly Part[], separator: Sql = COMMA): Sql<Row> => {
  const key = `${parts.length} ${separator.sql}`;
  let strings = memory.separators.get(key);
  if (!strings) {
    const last = parts.length;
    strings = Array.from({ length: last + 1 }, (_, i) => (i === 0 || i === last ? '' : separator.sql));
    memory.separators.set(key, strings);
  }
  return compose(strings, parts);
};

const COMMA = sql`, `;

function compose<Row>(strings: readonly string[], parts: readonly Part[]): Sql<Row> {
  let node = memory.templates.get(strings);
  if (!node) {
    node = new Node();
    memory.templates.set(strings, node);
  }
  let isFlat = true;
  for (const part of parts) {
    if (part instanceof Sql) {
      node = node.next(part.shape);
      isFlat = false;
    } else node = node.next(undefined);
  }
  node.shape ??= newShape(piecesOf(strings, parts));
  return new Sql(node.shape, isFlat ? parts : valuesOf(parts));
}

function piecesOf(strings: readonly string[], parts: readonly Part[]): string[] {
  const pieces: string[] = [];
  let current = strings[0] as string;
  parts.forEach((part, index) => {
    const [first = '', ...others] = part instanceof Sql ? part.shape.pieces : ['', ''];
    current += first;
    for (const other of others) {
      pieces.push(current);
      current = other;
    }
    current += strings[index + 1];
  });
  return [...pieces, current];
}

function valuesOf(parts: readonly Part[]): unknown[] {
  const values: unknown[] = [];
  for (const part of parts) {
    if (!(part instanceof Sql)) values.push(part);
    else for (const value of part.parameters) values.push(value);
  }
  return values;
}
