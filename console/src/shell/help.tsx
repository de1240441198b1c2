import { useState } from 'react';
import { t } from '../i18n/index.ts';
import { Dialog } from '../parts/dialog.tsx';
import { keysAreOn, setKeysOn, useAllCommands } from './shortcuts.ts';

/** The keys that act on this page. */
export function Help({ onClose }: { onClose(): void }) {
  const keyed = useAllCommands().filter(({ key }) => key !== undefined);
  const [isOn, setOn] = useState(keysAreOn);
  const rows: readonly (readonly [string, string])[] = [
    ['Ctrl K', t('Go to a page, find a record, do something')],
    ...keyed.map(({ key = '', label }) => [key, label] as const),
    ['Esc', t('Close what is open')],
  ];
  return (
    <Dialog title={t('Help')} onClose={onClose}>
      <table>
        <caption>{t('Keys')}</caption>
        <tbody>
          {rows.map(([key, label]) => (
            <tr key={key}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{label}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <label className="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ target }) => {
            setKeysOn(target.checked);
            setOn(target.checked);
          }}
        />
        {t('Single keys act')}
      </label>
      <p className="help">
        {t(
          'The address of a page holds its filters, order and columns: send it to show somebody else the same.',
        )}
      </p>
    </Dialog>
  );
}
