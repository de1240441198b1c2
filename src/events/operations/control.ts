import { queryAllCells } from '../../database/all-cells.js';
import { CHANNELS, notice } from '../../database/channels.js';
import type { Database } from '../../database/database.js';
import { type Sql, sql } from '../../database/sql.js';
import type { Statement } from '../../database/statement.js';
import { PAUSE_IS_ON } from '../pauses.js';
import { copyPauses } from './cell-pauses.js';

/** The scope of a pause: everything, one tenant, or one handler in all tenants. */
export type PauseOf =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly schema: string }
  | { readonly kind: 'handler'; readonly handler: string };

export interface Pause {
  readonly of: PauseOf;
  readonly reason: string;
  /** Both ISO 8601, UTC; `until` is null when the pause lasts until it is resumed. */
  readonly pausedAt: string | null;
  readonly until: string | null;
}

const LONGEST_REASON = 255;

interface PauseOptions {
  readonly reason?: string;
  /** When it ends; null: when it is resumed. */
  readonly until?: Date | null;
  /** Called with each cell that could not be told; it catches up when it is back. */
  readonly onUnreached?: ((cell: string) => void) | undefined;
}

/**
 * Pauses the handling of events; work in progress is finished. An existing pause gets the new reason and end.
 */
export async function pauseEvents(
  database: Database,
  of: PauseOf,
  { reason = '', until = null, onUnreached }: PauseOptions = {},
): Promise<void> {
  const why = [...reason].slice(0, LONGEST_REASON).join('');
  // The row always exists; if somebody removed it, it is created again, since otherwise nothing could be paused.
  if (of.kind === 'all') await database.publicQuery(sql`SELECT public.ensure_event_switch()`);
  const statement = pauseStatement(of, why, until?.toISOString() ?? null);
  if (of.kind === 'tenant') await database.publicQueryAt(of.schema, statement);
  else {
    await database.publicQuery(statement);
    await spread(database, onUnreached);
  }
}

function pauseStatement(of: PauseOf, reason: string, until: string | null): Statement {
  if (of.kind === 'all') {
    return sql`
      UPDATE public.immigration_event_processing_control
      SET is_paused = true, pause_reason = nullif(${reason}, ''), paused_until = ${until}::timestamptz`;
  }
  const [schema, handler] = of.kind === 'tenant' ? [of.schema, null] : [null, of.handler];
  return sql`
    INSERT INTO public.event_pause (schema_name, handler, reason, paused_until)
    VALUES (${schema}, ${handler}, ${reason}, ${until}::timestamptz)
    ON CONFLICT (schema_name, handler) DO UPDATE SET reason = excluded.reason,
      paused_until = excluded.paused_until`;
}

/** Tells all further cells what the catalogue says of pauses, and wakes their workers. */
async function spread(database: Database, onUnreached: PauseOptions['onUnreached']): Promise<void> {
  const cells = [...(database.cells?.all ?? [])];
  await Promise.all(
    cells.map(async ([name, cell]) => {
      try {
        await copyPauses(database, cell);
        await cell.publicQuery(notice(CHANNELS.events, ''));
      } catch {
        onUnreached?.(name);
      }
    }),
  );
}

/**
 * Ends a pause, and wakes the workers.
 * @param onUnreached called with each cell that could not be told; it catches up when it is back
 * @returns whether there was one
 */
export async function resumeEvents(
  database: Database,
  of: PauseOf,
  { onUnreached }: Pick<PauseOptions, 'onUnreached'> = {},
): Promise<boolean> {
  const statement = sql<{ resumed: boolean }>`
    WITH resumed AS (${resumption(of)}), woken AS (SELECT pg_notify(${CHANNELS.events}, ''))
    SELECT EXISTS (SELECT FROM resumed) AS resumed FROM woken`;
  const [row] = await (of.kind === 'tenant'
    ? database.publicQueryAt(of.schema, statement)
    : database.publicQuery(statement));
  if (of.kind !== 'tenant') await spread(database, onUnreached);
  return row?.resumed ?? false;
}

function resumption(of: PauseOf): Sql {
  if (of.kind === 'all') {
    return sql`
      UPDATE public.immigration_event_processing_control SET is_paused = false, pause_reason = NULL
      WHERE is_paused RETURNING id`;
  }
  const named = of.kind === 'tenant' ? sql`schema_name = ${of.schema}` : sql`handler = ${of.handler}`;
  return sql`DELETE FROM public.event_pause WHERE ${named} RETURNING id`;
}

const asText = (column: Sql) =>
  sql<string>`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

/** Returns the pauses in effect. */
export async function listPauses(database: Database): Promise<Pause[]> {
  const found = await queryAllCells(
    database,
    sql<{
      schema: string | null;
      handler: string | null;
      reason: string;
      pausedAt: string | null;
      until: string | null;
    }>`SELECT NULL AS schema, NULL AS handler, coalesce(pause_reason, '') AS reason,
         ${asText(sql`paused_at`)} AS "pausedAt", ${asText(sql`paused_until`)} AS until
       FROM public.immigration_event_processing_control WHERE is_paused AND ${PAUSE_IS_ON}
       UNION ALL (
         SELECT schema_name, handler, reason, ${asText(sql`paused_at`)}, ${asText(sql`paused_until`)}
         FROM public.event_pause WHERE ${PAUSE_IS_ON} ORDER BY schema_name, handler)`,
  );
  // A further cell repeats what the catalogue says of everything and of handlers.
  const firstOf = (row: (typeof found)[number]) =>
    found.find(({ schema, handler }) => schema === null && handler === row.handler);
  const rows = found.filter((row) => row.schema !== null || firstOf(row) === row);
  return rows.map(({ schema, handler, ...pause }) => ({
    ...pause,
    of: schema ? { kind: 'tenant', schema } : handler ? { kind: 'handler', handler } : { kind: 'all' },
  }));
}
