import { readFileSync } from 'node:fs';

interface ContractColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly identity: boolean;
  /** As PostgreSQL writes it, without casts; null: none; undefined: the contract leaves it open. */
  readonly default: string | null | undefined;
}

export interface ContractTable {
  readonly name: string;
  readonly columns: readonly ContractColumn[];
  readonly foreignKeys: readonly {
    readonly column: string;
    readonly target: string;
    readonly rule: string;
  }[];
  readonly primaryKey: string | null;
  readonly uniques: readonly string[];
  readonly checks: readonly string[];
  readonly indexes: readonly string[];
}

const TEXT = readFileSync(new URL('../contract/database.md', import.meta.url), 'utf8');

/** Returns the part of the contract between two of its headings. */
function part(from: string, to: string): string {
  return TEXT.slice(TEXT.indexOf(from), TEXT.indexOf(to));
}

const TENANT = part('## TENANT', '## Values and defaults');
const VALUES = part('## Values and defaults', '## What every tenant starts with');
export const STARTS_WITH = TEXT.slice(TEXT.indexOf('## What every tenant starts with'));

const RULES: Readonly<Record<string, string>> = {
  CASCADE: 'CASCADE',
  PROTECT: 'RESTRICT',
  'SET NULL': 'SET NULL',
  'DO NOTHING': 'NO ACTION',
};

/** The defaults that "Values and defaults" prints in bold. */
const BOLD: Readonly<Record<string, string>> = {
  'immigration_client.stage': "'LEAD'",
  'immigration_client.active': 'false',
  'immigration_agent.agent_type': "'SUB_AGENT'",
  'immigration_task.priority': "'MEDIUM'",
  'immigration_task.status': "'PENDING'",
  'immigration_notification.notification_type': "'SYSTEM_ALERT'",
  'immigration_notification.title': "'Notification'",
  'immigration_visaapplication.status': "'TO_BE_APPLIED'",
  'immigration_visaapplication.immigration_fee_currency': "'USD'",
  'immigration_visaapplication.service_fee_currency': "'USD'",
  'immigration_applicationtype.currency': "'USD'",
  'immigration_applicationtype.tax_percentage': '0',
  'immigration_applicationtype.is_active': 'true',
  'immigration_institute_requirement.requirement_type': "'OTHER'",
  'immigration_calendar_event.hex_color': "'#3788d8'",
  'immigration_lpe.validity_term': '0',
  'immigration_event.status': "'PENDING'",
  'immigration_event.retry_count': '0',
  'immigration_event.max_retries': '2',
  'immigration_user.is_active': 'true',
};

/** The bold values as printed in the contract, and as in this file: each once, in no order. */
export const boldDefaults = {
  printed: [...new Set([...VALUES.matchAll(/\*\*([^*]+)\*\*/g)].map(([, value]) => value!))]
    .filter((value) => value !== 'Bold')
    .sort(),
  known: [...new Set(Object.values(BOLD).map((value) => value.replaceAll("'", '')))].sort(),
};

const LISTS = new Set(['tags', 'comments', 'required_documents', 'checklist', 'changed_fields']);
const STAMPED = new Set(['created_at', 'updated_at', 'date_joined', 'blacklisted_at']);

function defaultOf(table: string, column: string, type: string, notNull: boolean): string | null | undefined {
  const bold = BOLD[`${table}.${column}`];
  if (bold !== undefined) return bold;
  if (!notNull) return null;
  if (/^(varchar|text)/.test(type)) return "''";
  if (type === 'boolean') return 'false';
  if (type === 'jsonb') return LISTS.has(column) ? "'[]'" : "'{}'";
  if (STAMPED.has(column)) return 'now()';
  return undefined;
}

/** Returns the tenant's tables as the contract lists them. */
export function tenantTables(): ContractTable[] {
  return TENANT.split(/^### /m)
    .slice(1)
    .map((section) => parseTable(section.trim().split('\n')));
}

const COLUMN = /^(\w+) (\w+(?:\([\d,]+\))?)( not null)?( identity)?(?: → (\w+) ([A-Z ]+))?$/;

function parseTable([heading, ...rest]: string[]): ContractTable {
  const name = heading!.split(' ')[0]!;
  const lines = rest.map((line) => line.trim()).filter(Boolean);
  const foreignKeys: ContractTable['foreignKeys'][number][] = [];
  const columns: ContractColumn[] = [];
  for (const line of lines.filter((text) => !/^(\*|index )/.test(text))) {
    const [, column, type, notNull, identity, target, rule] = COLUMN.exec(line) ?? [];
    if (!column || !type) throw new Error(`${name}: the line "${line}" is not understood`);
    if (target && rule) foreignKeys.push({ column, target, rule: RULES[rule]! });
    const isKey = Boolean(identity) || Boolean(target);
    const value = isKey ? null : defaultOf(name, column, type, Boolean(notNull));
    columns.push({
      name: column,
      type,
      notNull: Boolean(notNull),
      identity: Boolean(identity),
      default: value,
    });
  }
  const after = (start: string) =>
    lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).trim());
  return {
    name,
    columns,
    foreignKeys,
    primaryKey: after('* PRIMARY KEY')[0] ?? null,
    uniques: after('* UNIQUE'),
    checks: after('* CHECK'),
    indexes: after('index'),
  };
}
