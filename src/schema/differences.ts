import { quoteIdentifier } from '../database/schema-name.js';
import { oneLine } from '../platform/one-line.js';
import type { CatalogueObject, ObjectKind } from './catalogue-objects.js';

/** An object in a schema that differs from what the program makes. */
export interface Difference {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly what: 'missing' | 'changed' | 'not the program’s';
  /** The object as it should be; null if it should not exist. */
  readonly wanted: CatalogueObject | null;
  /** The object as it is; null if it is missing. */
  readonly found: CatalogueObject | null;
}

/** Compares the objects of a schema with those that it should have. */
export function differencesOf(
  wanted: readonly CatalogueObject[],
  found: readonly CatalogueObject[],
): Difference[] {
  const key = ({ kind, name }: CatalogueObject) => `${kind} ${name}`;
  const actual = new Map(found.map((object) => [key(object), object]));
  const missingOrChanged = wanted.flatMap((object): Difference[] => {
    const { kind, name } = object;
    const own = actual.get(key(object)) ?? null;
    actual.delete(key(object));
    if (own?.definition === object.definition) return [];
    return [{ kind, name, what: own ? 'changed' : 'missing', wanted: object, found: own }];
  });
  const others = [...actual.values()].map(
    (object): Difference => ({
      kind: object.kind,
      name: object.name,
      what: 'not the program’s',
      wanted: null,
      found: object,
    }),
  );
  return [...missingOrChanged, ...others];
}

/** The rights that a tenant's role gets on every later table of its schema, and so on tables of others. */
const USUAL_RIGHTS = 'its role: DELETE, INSERT, SELECT, UPDATE';

/** Kinds of which an object that is not the program's is harmless: it is in nobody's way. */
const HARMLESS_BESIDE: readonly ObjectKind[] = ['table', 'column', 'constraint', 'index'];

/**
 * Returns whether a difference only costs speed or is harmless: a missing index, a table beside the program's with the
 * rights that such a table gets. Other code, views and rights are not: they could read or change what they must not.
 */
export function isSlight({ kind, what, wanted, found }: Difference): boolean {
  if (kind === 'index') return !wanted?.definition.includes('UNIQUE INDEX');
  if (what !== 'not the program’s') return false;
  return HARMLESS_BESIDE.includes(kind) || (kind === 'right' && found?.definition === USUAL_RIGHTS);
}

/**
 * Returns a difference in words, with the statement that mends it unless `leopard migrate` or a backup does.
 * @param owner the owner of the program's tables
 */
export function inWords(
  { kind, name, what, wanted, found }: Difference,
  schema: string,
  owner: string,
): string {
  const [table = '', part = ''] = name.split('.');
  const place = quoteIdentifier(schema);
  const on = `${place}.${quoteIdentifier(table)}`;
  const said = `${kind} ${name} is ${what}`;
  const definition = found?.definition ?? '';
  const ownedBy = FOREIGN_OWNER.exec(definition)?.[1];
  if (ownedBy && wanted !== null && kind !== 'right') {
    const what = kind === 'function' ? `FUNCTION ${place}.${name}` : `TABLE ${on}`;
    return `${kind} ${name} belongs to ${ownedBy} (as a superuser: ALTER ${what} OWNER TO ${owner})`;
  }
  if (wanted === null && kind !== 'right') {
    const drop: Partial<Record<ObjectKind, () => string>> = {
      view: () => `DROP VIEW ${on}`,
      rule: () => `DROP RULE ${quoteIdentifier(part)} ON ${on}`,
      trigger: () => `DROP TRIGGER ${quoteIdentifier(part)} ON ${on}`,
      function: () => `DROP FUNCTION ${place}.${name}`,
      operator: () => `DROP OPERATOR ${place}.${name}`,
    };
    const statement = drop[kind]?.();
    return statement ? `${said} (unless it is yours: ${statement})` : said;
  }
  if (kind === 'right' && found && definition !== 'none')
    return `${said} (${oneLine(definition, LONGEST_RIGHTS)})`;
  if (kind === 'trigger' && definition.startsWith('DISABLED ')) return `${kind} ${name} is disabled`;
  if (kind === 'constraint' && definition.endsWith(SWITCHED_OFF)) return `${kind} ${name} is switched off`;
  if (kind === 'table' && found) return `${said} (${definition}${undo(definition, on)})`;
  return said;
}

/** Longest list of rights that is shown, since it may name every tenant. */
const LONGEST_RIGHTS = 300;

/** The end of the definition of an object that does not belong to the owner of the program's tables. */
export const FOREIGN_OWNER = / OWNED BY (.*)$/;

/** The end of the definition of a foreign key that is not enforced. */
export const SWITCHED_OFF = ' SWITCHED OFF';

/** Returns whether only the rights of the program's own role differ, which are examined without the owner too. */
export function concernsProgramOnly({ kind, wanted, found }: Difference): boolean {
  const others = (definition = 'none') => {
    const left = definition.split('; ').filter((part) => !part.startsWith('the program: '));
    return left.join('; ') || 'none';
  };
  return kind === 'right' && others(wanted?.definition) === others(found?.definition);
}

/** Returns the statement that undoes what a table's definition shows. */
function undo(definition: string, table: string): string {
  const statements = [
    definition.includes('ROW SECURITY') && 'DISABLE ROW LEVEL SECURITY',
    definition.includes('UNLOGGED') && 'SET LOGGED',
  ].filter((statement) => statement !== false);
  return statements.length > 0 ? `: ALTER TABLE ${table} ${statements.join(', ')}` : '';
}
