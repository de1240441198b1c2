import { parseAst } from 'vitest/node';

/** A node of a TypeScript file's syntax tree (ESTree), reduced to what matters here. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A declared name: the value that it was declared with, or null where that is not visible. */
interface Declaration {
  readonly name: string;
  readonly value: Node | null;
  /** The function or block of its scope. */
  readonly scope: Node;
}

const SCOPES =
  /^(Program|BlockStatement|FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|For\w*Statement|CatchClause)$/;

/** A file's syntax tree with its names. */
export class Syntax {
  readonly nodes: readonly Node[];
  readonly #declarations: Declaration[] = [];

  constructor(source: string) {
    const tree = parseAst(source, { lang: 'ts' }) as unknown as Node;
    this.nodes = [...this.#walk(tree, tree)];
  }

  /**
   * Returns the value of a name where it is used; null when it is a parameter or the like, undefined when it is
   * unknown.
   */
  valueOf(name: string, at: Node): Node | null | undefined {
    const known = this.#declarations
      .filter((found) => found.name === name && found.scope.start <= at.start && at.end <= found.scope.end)
      .sort((a, b) => a.scope.end - a.scope.start - (b.scope.end - b.scope.start));
    return known[0]?.value;
  }

  *#walk(value: unknown, scope: Node): Generator<Node> {
    if (Array.isArray(value)) for (const item of value) yield* this.#walk(item, scope);
    else if (typeof value === 'object' && value !== null) {
      const node = value as Node;
      if ('type' in node) {
        this.#declare(node, scope);
        yield node;
      }
      const inner = 'type' in node && SCOPES.test(node.type) ? node : scope;
      for (const child of Object.values(node)) yield* this.#walk(child, inner);
    }
  }

  #declare(node: Node, scope: Node): void {
    if (node.type === 'VariableDeclarator') {
      const pattern = node.id as Node;
      // Of `const [a, b] = …` every name counts as the whole.
      const seen = pattern.type === 'Identifier' || pattern.type === 'ArrayPattern';
      for (const name of names(pattern)) this.#add(name, seen ? (node.init as Node | null) : null, scope);
    }
    for (const parameter of (node.params as Node[] | undefined) ?? []) {
      if (!SCOPES.test(node.type)) continue; // the parameters of a type
      for (const name of names(parameter)) this.#add(name, null, node);
    }
  }

  #add(name: string, value: Node | null, scope: Node): void {
    this.#declarations.push({ name, value, scope });
  }
}

/** Returns the names that a pattern declares. */
function names(pattern: Node | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [String(pattern.name)];
    case 'ArrayPattern':
      return (pattern.elements as (Node | null)[]).flatMap(names);
    case 'ObjectPattern':
      return (pattern.properties as Node[]).flatMap((part) => names((part.value ?? part.argument) as Node));
    case 'AssignmentPattern':
      return names(pattern.left as Node);
    case 'RestElement':
      return names(pattern.argument as Node);
    default:
      return [];
  }
}
