import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { columnVisibilityFeature, rowSelectionFeature, tableFeatures, useTable } from '@tanstack/react-table';
import { type ReactNode, useState } from 'react';
import { useAddress } from '../api/address.ts';
import type { ListSource, Query } from '../api/ask.ts';
import { number, t } from '../i18n/index.ts';
import { Failure } from './failure.tsx';
import { type Filter, Filters, parametersOf, Typed } from './filters.tsx';
import { Pages } from './pages.tsx';
import { SavedViews } from './saved-views.tsx';

/** A column of a list. */
export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** The value of `ordering` by which the API sorts by it; none where the API does not. */
  readonly sort?: string;
  /** Whether it is shown only when somebody chooses it. */
  readonly isExtra?: boolean;
  readonly isNumber?: boolean;
}

/** What is selected: records by id, or all that match the list's filters. */
export interface Selection {
  readonly ids: readonly number[];
  readonly count: number;
  /** The filters, where all that match are selected; otherwise null. */
  readonly matching: Query | null;
  clear(): void;
}

interface Props<Row> {
  /** Name under which views and columns are kept. */
  readonly name: string;
  readonly title: string;
  readonly source: ListSource<Row>;
  readonly columns: readonly Column<Row>[];
  readonly filters?: readonly Filter[];
  /** The parameter of the search field; null for none. */
  readonly search?: string | null;
  /** Address of a row's page. */
  readonly to?: (row: Row) => string;
  /** Buttons for what is selected; without them nothing can be selected. */
  readonly actions?: (selection: Selection) => ReactNode;
  /** Whether actions can be carried out on all that match. */
  readonly canSelectAll?: boolean;
  /** Buttons beside the title. */
  readonly children?: ReactNode;
  /** Number up to which the API counts; a list that reaches it says that it is cut. */
  readonly countsUpTo?: number;
  /** Why the list may be empty when nothing is filtered. */
  readonly none?: string;
}

const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature });
const SIZES = ['25', '50', '100'];

/** A list of the API in pages, with search, filters, order, columns to choose, views and selection. The address holds its state. */
export function DataList<Row extends { readonly id: number }>(props: Props<Row>) {
  const { name, title, source, columns, filters = [], search = 'search', to, actions, countsUpTo } = props;
  const [address, change] = useAddress();
  const page = Math.max(1, Number(address.page) || 1);
  const size = SIZES.includes(address.page_size ?? '') ? Number(address.page_size) : 25;
  const parameters = [...parametersOf(filters), ...(search ? [search] : [])];
  const matching = Object.fromEntries(
    parameters.flatMap((each) => (address[each] ? [[each, address[each]]] : [])),
  );
  const query = { ...matching, ordering: address.ordering, page: String(page), page_size: String(size) };
  const list = useQuery({
    queryKey: [source.key, query],
    queryFn: ({ signal }) => source.load(query, signal),
    placeholderData: keepPreviousData,
  });
  const rows = list.data?.results ?? [];
  const count = list.data?.count ?? 0;
  const last = Math.max(1, Math.ceil(count / size));
  const set = (part: Parameters<typeof change>[0]) => change({ page: undefined, ...part });

  const shown = shownColumns(name, columns, address.columns);
  const table = useTable({
    features,
    data: rows as (Row & object)[],
    columns: columns.map(({ id, title }) => ({ id, header: title })),
    getRowId: (row: Row) => String(row.id),
    state: { columnVisibility: Object.fromEntries(columns.map(({ id }) => [id, shown.includes(id)])) },
  });
  const byId = new Map(columns.map((column) => [column.id, column]));
  const visible = table.getVisibleLeafColumns().flatMap(({ id }) => byId.get(id) ?? []);
  const [isAll, setAll] = useState(false);
  const ids = Object.keys(table.state.rowSelection).map(Number);
  const clear = () => {
    table.resetRowSelection(true);
    setAll(false);
  };
  const selection = { ids, count: isAll ? count : ids.length, matching: isAll ? matching : null, clear };
  const isFiltered = Object.keys(matching).length > 0;

  return (
    <>
      <div className="bar title">
        <h1>{title}</h1>
        {props.children}
      </div>
      <search className="filters">
        {search && (
          <Typed
            label={t('Search')}
            value={address[search] ?? ''}
            onChange={(text) => set({ [search]: text || undefined })}
          />
        )}
        <Filters filters={filters} address={address} onChange={set} />
        {isFiltered && (
          <button
            type="button"
            onClick={() => set(Object.fromEntries(parameters.map((each) => [each, undefined])))}
          >
            {t('Clear filters')}
          </button>
        )}
      </search>
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      <section aria-label={title} aria-busy={list.isFetching}>
        <div className="bar">
          {actions && ids.length > 0 && (
            <div className="bar selected">
              <span role="status">{t('{{count}} selected', { count: selection.count })}</span>
              {props.canSelectAll && !isAll && count > ids.length && (
                <button type="button" onClick={() => setAll(true)}>
                  {t('Select all {{count}} that match', { count: number(count) })}
                </button>
              )}
              {actions(selection)}
              <button type="button" onClick={clear}>
                {t('Clear the selection')}
              </button>
            </div>
          )}
          <span className="push" />
          <Columns
            columns={columns}
            shown={shown}
            onChange={(chosen) => {
              localStorage.setItem(`leopard-columns:${name}`, chosen.join(','));
              change({ columns: chosen.join(',') });
            }}
          />
          <SavedViews
            list={name}
            address={address}
            onChoose={(view) =>
              change({
                ...Object.fromEntries(Object.keys(address).map((each) => [each, undefined])),
                ...view,
              })
            }
          />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by the keyboard */}
        <section className="scroll" tabIndex={0} aria-label={t('{{title}}, table', { title })}>
          <table className="list">
            <thead>
              <tr>
                {actions && (
                  <th>
                    <input
                      type="checkbox"
                      aria-label={t('Select this page')}
                      checked={rows.length > 0 && table.getIsAllRowsSelected()}
                      onChange={table.getToggleAllRowsSelectedHandler()}
                    />
                  </th>
                )}
                {visible.map((column) => (
                  <Heading
                    key={column.id}
                    column={column}
                    ordering={address.ordering}
                    onSort={(ordering) => set({ ordering })}
                  />
                ))}
              </tr>
            </thead>
            <tbody>
              {table.getRowModel().rows.map((row) => (
                <tr key={row.id}>
                  {actions && (
                    <td>
                      <input
                        type="checkbox"
                        aria-label={t('Select {{id}}', { id: row.id })}
                        checked={row.getIsSelected()}
                        onChange={row.getToggleSelectedHandler()}
                      />
                    </td>
                  )}
                  {visible.map((column, index) => (
                    <td key={column.id} dir="auto" className={column.isNumber ? 'number' : undefined}>
                      {index === 0 && to ? (
                        <Link to={to(row.original)}>{column.cell(row.original) || `#${row.id}`}</Link>
                      ) : (
                        column.cell(row.original)
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {list.isPending && <p className="help">{t('Loading …')}</p>}
          {list.isSuccess && rows.length === 0 && (
            <p className="empty">
              {isFiltered
                ? t('Nothing matches these filters.')
                : (props.none ??
                  t('There is nothing here yet, or nothing within your regions and branches.'))}
            </p>
          )}
        </section>
        {countsUpTo !== undefined && count >= countsUpTo && (
          <p className="note" role="status">
            {t(
              'The list is cut: only the first {{count}} are counted and shown. Narrow it down by the filters.',
              {
                count: number(countsUpTo),
              },
            )}
          </p>
        )}
        <Pages
          {...{ page, last, count, size, sizes: SIZES }}
          onPage={(to) => change({ page: to === 1 ? undefined : String(to) })}
          onSize={(chosen) => set({ page_size: chosen })}
        />
      </section>
    </>
  );
}

/** Returns the columns to show: those in the address, else those chosen last, else the usual ones. */
function shownColumns<Row>(
  name: string,
  columns: readonly Column<Row>[],
  inAddress: string | undefined,
): string[] {
  const chosen = (inAddress ?? localStorage.getItem(`leopard-columns:${name}`) ?? '').split(',');
  const known = columns.filter(({ id }) => chosen.includes(id)).map(({ id }) => id);
  return known.length > 0 ? known : columns.filter(({ isExtra }) => !isExtra).map(({ id }) => id);
}

interface HeadingProps<Row> {
  readonly column: Column<Row>;
  readonly ordering: string | undefined;
  onSort(ordering: string | undefined): void;
}

function Heading<Row>({ column: { title, sort, isNumber }, ordering, onSort }: HeadingProps<Row>) {
  const direction =
    sort === undefined
      ? null
      : ordering === sort
        ? 'ascending'
        : ordering === `-${sort}`
          ? 'descending'
          : null;
  return (
    <th scope="col" aria-sort={direction ?? undefined} className={isNumber ? 'number' : undefined}>
      {sort === undefined ? (
        title
      ) : (
        <button
          type="button"
          className="plain"
          onClick={() =>
            onSort(direction === null ? sort : direction === 'ascending' ? `-${sort}` : undefined)
          }
        >
          {title}{' '}
          <span aria-hidden="true">
            {direction === 'ascending' ? '▲' : direction === 'descending' ? '▼' : '↕'}
          </span>
        </button>
      )}
    </th>
  );
}

interface ColumnsProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly shown: readonly string[];
  onChange(shown: string[]): void;
}

function Columns<Row>({ columns, shown, onChange }: ColumnsProps<Row>) {
  return (
    <details className="menu">
      <summary>{t('Columns')}</summary>
      <fieldset className="panel">
        <legend className="hidden">{t('Columns')}</legend>
        {columns.map(({ id, title }) => (
          <label key={id} className="check">
            <input
              type="checkbox"
              checked={shown.includes(id)}
              disabled={shown.length === 1 && shown.includes(id)}
              onChange={({ target }) =>
                onChange(
                  columns
                    .map((each) => each.id)
                    .filter((each) => (each === id ? target.checked : shown.includes(each))),
                )
              }
            />
            {title}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
