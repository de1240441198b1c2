import { type Node, Syntax } from './syntax.js';

/** Functions of src/database/ whose result is safe inside SQL text. */
const QUOTING = new Set([
  ...['quoteIdentifier', 'qualified', 'quoteLiteral', 'schemaRightsSql'],
  ...['quotedList', 'qualifiedList', 'arrayParameters'],
]);
/** Functions of src/database/ whose result is safe inside SQL text where their arguments are. */
const COMPOSING = new Set(['relationsIn', 'routinesIn', 'constraintsIn', 'triggersIn']);
/** Calls whose first argument is SQL text, whatever it looks like. */
const TAKES_TEXT = new Set(['statement', 'sql.raw', 'sql.lit']);

/**
 * Returns the places of a TypeScript file where SQL text is built from anything but constants and quoted names, as
 * `line: source`. Templates with the tag `sql` are safe: their values become parameters.
 */
export function unsafeSqlText(source: string): string[] {
  const syntax = new Syntax(source);
  return syntax.nodes
    .filter((node) => node.type === 'CallExpression' && isUnsafe(node, syntax))
    .map(({ start }) => {
      const line = source.slice(0, start).split('\n').length;
      return `${line}: ${source.split('\n')[line - 1]?.trim()}`;
    });
}

function isUnsafe(call: Node, syntax: Syntax): boolean {
  const [text] = call.arguments as Node[];
  const callee = nameOf(call.callee as Node);
  if (!text) return false;
  if (TAKES_TEXT.has(callee)) return !isConstant(text, syntax);
  if (!/\.(query|last)$/.test(callee)) return false;
  // Besides text these take queries, which are examined where they are built.
  const value = text.type === 'Identifier' ? syntax.valueOf(String(text.name), text) : text;
  return !!value && isText(value) && !isConstant(text, syntax);
}

const isText = ({ type }: Node) => ['Literal', 'TemplateLiteral', 'BinaryExpression'].includes(type);

/** Returns `name`, `object.name`, `….name`; "" for calls without a name. */
function nameOf(node: Node): string {
  if (node.type === 'Identifier') return String(node.name);
  if (node.type !== 'MemberExpression') return '';
  return `${nameOf(node.object as Node) || '…'}.${(node.property as Node).name}`;
}

function isConstant(node: Node | null, syntax: Syntax): boolean {
  const all = (parts: unknown) => (parts as (Node | null)[]).every((part) => isConstant(part, syntax));
  switch (node?.type) {
    case 'Literal':
      return true;
    case 'TemplateLiteral':
      return all(node.expressions);
    case 'BinaryExpression':
      return all([node.left, node.right]);
    case 'ConditionalExpression':
      return all([node.consequent, node.alternate]);
    case 'ArrayExpression':
      return all(node.elements);
    case 'ObjectExpression':
      return all((node.properties as Node[]).map(({ value }) => value ?? null));
    case 'MemberExpression':
      return isConstant(node.object as Node, syntax);
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return isConstant(node.expression as Node, syntax);
    case 'CallExpression': {
      const callee = nameOf(node.callee as Node);
      return QUOTING.has(callee) || (COMPOSING.has(callee) && all(node.arguments));
    }
    case 'Identifier': {
      const value = syntax.valueOf(String(node.name), node);
      // Imports in capitals are constants of another file.
      return value === undefined ? /^[A-Z][A-Z_]+$/.test(String(node.name)) : isConstant(value, syntax);
    }
    default:
      return false;
  }
}
