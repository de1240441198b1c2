import { useState } from 'react';
import { type Address, stringifySearch } from '../api/address.ts';
import { useSession } from '../api/session.ts';
import { t } from '../i18n/index.ts';

interface View {
  readonly name: string;
  readonly address: Address;
}

/** Views that one user keeps of one list in this browser. */
const MOST = 30;

function read(key: string): readonly View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(kept) ? kept.slice(0, MOST) : [];
  } catch {
    return [];
  }
}

interface Props {
  readonly list: string;
  readonly address: Address;
  onChoose(address: Address): void;
}

/** The user's own views of a list: filters, order and columns by a name, kept in the browser. */
export function SavedViews({ list, address, onChoose }: Props) {
  const session = useSession();
  const key = `leopard-views:${session.kind === 'in' || session.kind === 'expired' ? session.user.id : 0}:${list}`;
  const [views, setViews] = useState(() => read(key));
  const [name, setName] = useState('');
  const { page: _page, ...kept } = address;
  const keep = (next: readonly View[]) => {
    localStorage.setItem(key, JSON.stringify(next));
    setViews(next);
  };
  return (
    <details className="menu">
      <summary>{t('Views')}</summary>
      <div className="panel">
        {views.length === 0 && (
          <p className="help">{t('Keep the filters, order and columns of this list under a name.')}</p>
        )}
        <ul className="plain">
          {views.map((view) => (
            <li key={view.name} className="bar">
              <button
                type="button"
                aria-pressed={stringifySearch(view.address) === stringifySearch(kept)}
                onClick={() => onChoose(view.address)}
              >
                {view.name}
              </button>
              <button
                type="button"
                className="plain"
                aria-label={t('Delete the view {{name}}', { name: view.name })}
                onClick={() => keep(views.filter((each) => each !== view))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        <form
          className="bar"
          onSubmit={(event) => {
            event.preventDefault();
            if (!name.trim()) return;
            keep(
              [
                ...views.filter((view) => view.name !== name.trim()),
                { name: name.trim(), address: kept },
              ].slice(-MOST),
            );
            setName('');
          }}
        >
          <input
            aria-label={t('Name of the view')}
            maxLength={60}
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
          <button type="submit">{t('Keep this view')}</button>
        </form>
      </div>
    </details>
  );
}
