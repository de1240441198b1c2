import { useId } from 'react';
import { number, t } from '../i18n/index.ts';

interface Props {
  readonly page: number;
  readonly last: number;
  readonly count: number;
  readonly size: number;
  readonly sizes: readonly string[];
  onPage(page: number): void;
  onSize(size: string): void;
}

/** The way through the pages of a list. */
export function Pages({ page, last, count, size, sizes, onPage, onSize }: Props) {
  const id = useId();
  return (
    <nav className="bar" aria-label={t('Pages')}>
      <button type="button" disabled={page <= 1} onClick={() => onPage(1)}>
        {t('First')}
      </button>
      <button type="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        {t('Previous')}
      </button>
      <span role="status">
        {t('Page {{page}} of {{last}}', { page: number(page), last: number(last) })},{' '}
        {t('{{count}} in all', { count, shown: number(count) })}
      </span>
      <button type="button" disabled={page >= last} onClick={() => onPage(page + 1)}>
        {t('Next')}
      </button>
      <button type="button" disabled={page >= last} onClick={() => onPage(last)}>
        {t('Last')}
      </button>
      <span className="push" />
      <label htmlFor={id}>{t('Rows')}</label>
      <select id={id} value={String(size)} onChange={({ target }) => onSize(target.value)}>
        {sizes.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </nav>
  );
}
