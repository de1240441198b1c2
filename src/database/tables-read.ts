import { LRUCache } from 'lru-cache';
import { TENANT_COLUMNS } from './generated/columns.js';

// Which tables a statement reads, by its text. What is not known for certain not to matter makes a statement one of which
// nothing is known: so a function that is forgotten here makes the program slower, not wrong.

/** Tables that triggers keep in step with another one, which is named. */
const KEPT_IN_STEP: Readonly<Record<string, string>> = {
  immigration_client_count: 'immigration_client',
  immigration_task_count: 'immigration_task',
  unread_count: 'immigration_notification',
};

/**
 * Functions that depend on nothing but their arguments and the settings that each transaction's opening fixes, such as
 * the time zone.
 */
export const PURE_FUNCTIONS: ReadonlySet<string> = new Set(
  `array_agg array_length array_position avg bool_and bool_or btrim ceil concat concat_ws count date_part date_trunc
  extract floor fold_text generate_series initcap json_agg json_build_object jsonb_agg jsonb_array_elements_text
  jsonb_build_object lag lead left length lower make_interval max min normalize percentile_cont regexp_replace repeat
  replace round row_number split_part string_agg strpos substr substring sum to_char to_jsonb trim tstzrange unnest
  upper`.split(/\s+/),
);

/** Words of the language that may stand before a parenthesis. */
const WORDS: ReadonlySet<string> = new Set(
  `all and any array as between by case cast coalesce distinct else end except exists filter from greatest group having
  in intersect interval is join lateral least like limit materialized not null nullif offset on or order over partition
  select some then union using values when where with within char character decimal numeric time timestamp
  varchar`.split(/\s+/),
);

/** Words by which a statement depends on the moment or the session, or does more than read. */
const FOREIGN =
  /^(?:current_\w+|localtime|localtimestamp|session_user|system_user|user|insert|update|delete|merge|call|into|share|nowait|skip|public|information_schema|pg_\w+|regclass|regnamespace|regrole|xmin|xmax|ctid|tableoid|now|today|tomorrow|yesterday)$/;

const FOREIGN_TABLE = /^(?:public|information_schema|pg_\w+)$/;

/** The expression that names the schema by an OID, which belongs to the versions too. */
const NAME_VERSION = "'name_version'::regclass::oid";

/** Texts that PostgreSQL would read as a moment that moves. */
const MOVING_MOMENT = /now|today|tomorrow|yesterday/i;

const known = new LRUCache<string, { readonly tables: readonly string[] | null }>({ max: 2_000 });

/**
 * Returns the tenant's tables on which the rows of a statement depend, besides its values; null where they may depend
 * on something else too, or where the statement may do more than read.
 */
export function tablesRead(text: string): readonly string[] | null {
  let found = known.get(text);
  if (!found) {
    found = { tables: read(text) };
    known.set(text, found);
  }
  return found.tables;
}

/** Returns whether PostgreSQL might take one of these values for the present moment, or a day counted from it. */
export function movesWithTime(values: readonly unknown[]): boolean {
  return values.some((value) =>
    Array.isArray(value) ? movesWithTime(value) : typeof value === 'string' && MOVING_MOMENT.test(value),
  );
}

function read(text: string): string[] | null {
  const tables = new Set<string>();
  const plain = text.replaceAll(NAME_VERSION, 'name_version').replaceAll('public.fold_text(', 'fold_text(');
  if (!/^\s*(?:select|with)\b/i.test(plain) || /--|\/\*|\$[a-z_]*\$|\be'/i.test(plain)) return null;
  let previous = '';
  for (const [token] of plain.matchAll(/'[^']*'|"[^"]*"|[a-z_]\w*|\S/gi)) {
    if (token.startsWith("'")) {
      if (MOVING_MOMENT.test(token)) return null;
      previous = '';
      continue;
    }
    const isQuoted = token.startsWith('"');
    const name = isQuoted ? token.slice(1, -1) : token.toLowerCase();
    if ((isQuoted ? FOREIGN_TABLE : FOREIGN).test(name)) return null;
    if (token === '(' && isCall(previous)) return null;
    if (Object.hasOwn(TENANT_COLUMNS, name)) tables.add(KEPT_IN_STEP[name] ?? name);
    // The name behind AS is one of the statement's own, which a list of columns may follow.
    previous = previous === 'as' ? '' : isQuoted || /^\w/.test(name) ? name : '';
  }
  return [...tables].sort();
}

/** Returns whether a name before a parenthesis calls a function that is not known to be pure. */
function isCall(name: string): boolean {
  return name !== '' && !WORDS.has(name) && !PURE_FUNCTIONS.has(name) && !/^\d/.test(name);
}
