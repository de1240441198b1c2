import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useDeferredValue, useId, useMemo, useState } from 'react';
import { ask } from '../api/ask.ts';
import { api } from '../api/client.ts';
import { t } from '../i18n/index.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useAllCommands } from './shortcuts.ts';

interface Entry {
  readonly key: string;
  readonly label: string;
  readonly about?: string;
  readonly run: () => void;
}

/** Characters from which the agency's records are searched. */
const SEARCHED_FROM = 2;
const MOST = 30;

/** Everything that can be done or opened, by typing a part of its name (Ctrl K). */
export function CommandMenu({ onClose }: { onClose(): void }) {
  const id = useId();
  const go = useNavigate();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const commands = useAllCommands();
  const typed = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ['search', typed],
    queryFn: ({ signal }) => ask(() => api.get('/api/v1/search/', { query: { q: typed, limit: 5 }, signal })),
    enabled: typed.length >= SEARCHED_FROM,
    placeholderData: keepPreviousData,
  });
  const entries = useMemo((): readonly Entry[] => {
    const wanted = text.trim().toLowerCase();
    const named = commands.filter(({ label }) => label.toLowerCase().includes(wanted));
    const records = typed.length < SEARCHED_FROM ? [] : (found.data?.results ?? []);
    return [
      ...named.map(({ label, run }) => ({ key: label, label, run })),
      ...records
        .filter(({ client }) => client !== null)
        .map(({ kind, id, title, subtitle, client }) => ({
          key: `${kind} ${id}`,
          label: title,
          about: subtitle,
          run: () => void go({ to: `/clients/${client}` }),
        })),
    ].slice(0, MOST);
  }, [commands, text, typed, found.data, go]);
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(active + 1, entries.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else if (event.key === 'Enter') choose(entries[active]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t('Go to, or do')} onClose={onClose} className="commands">
      <input
        role="combobox"
        aria-label={t('Page, action or record')}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={entries[active] ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        autoFocus
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} role="listbox" aria-label={t('Found')} className="options">
        {entries.map((entry, index) => (
          <div
            key={entry.key}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            dir="auto"
            aria-selected={index === active}
            onMouseDown={(event) => {
              event.preventDefault();
              choose(entry);
            }}
          >
            {entry.label} {entry.about && <span className="help">{entry.about}</span>}
          </div>
        ))}
        {entries.length === 0 && (
          <div role="option" tabIndex={-1} aria-selected={false} aria-disabled="true">
            {t('Nothing found')}
          </div>
        )}
      </div>
    </Dialog>
  );
}
