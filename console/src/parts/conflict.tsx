import { t } from '../i18n/index.ts';
import { Dialog } from './dialog.tsx';
import { type FieldDef, shownName, type Values } from './fields.tsx';

export type Conflicts = readonly {
  readonly field: FieldDef;
  readonly before: string;
  readonly mine: string;
  readonly theirs: unknown;
  readonly theirsShown: string;
}[];

interface States {
  /** The record as the form was opened with it, as it is now, and as it is to be. */
  readonly loaded: Values;
  readonly now: Values;
  readonly given: Values;
}

/** Returns the fields to be sent that somebody else has changed meanwhile, to something else. */
export function conflictsBetween(sent: readonly FieldDef[], { loaded, now, given }: States): Conflicts {
  return sent
    .filter(({ name }) => differs(loaded[name], now[name]) && differs(now[name], given[name]))
    .map((field) => ({
      field,
      before: shown(field, loaded),
      mine: shown(field, given),
      theirs: now[field.name],
      theirsShown: shown(field, now),
    }));
}

const differs = (one: unknown, other: unknown) => String(one ?? '') !== String(other ?? '');

function shown({ name }: FieldDef, values: Values): string {
  return String(values[shownName(name)] || (values[name] ?? ''));
}

interface Props {
  readonly conflicts: Conflicts;
  onMine(): void;
  onTheirs(): void;
  onClose(): void;
}

/** Shows what somebody else has changed, and asks what is to hold. */
export function Conflict({ conflicts, onMine, onTheirs, onClose }: Props) {
  return (
    <Dialog title={t('Somebody else has changed this record')} onClose={onClose} className="wide">
      <p>{t('Since you opened it, these fields have been changed. Nothing of yours is saved yet.')}</p>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('Field')}</th>
              <th scope="col">{t('When you opened it')}</th>
              <th scope="col">{t('Theirs, saved')}</th>
              <th scope="col">{t('Yours')}</th>
            </tr>
          </thead>
          <tbody>
            {conflicts.map(({ field, before, mine, theirsShown }) => (
              <tr key={field.name}>
                <th scope="row">{field.label}</th>
                <td dir="auto">{before}</td>
                <td dir="auto">
                  <ins>{theirsShown}</ins>
                </td>
                <td dir="auto">
                  <mark>{mine}</mark>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="bar">
        <button type="button" className="primary" onClick={onMine}>
          {t('Save mine')}
        </button>
        <button type="button" onClick={onTheirs}>
          {t('Take theirs')}
        </button>
        <button type="button" onClick={onClose}>
          {t('Back to the form')}
        </button>
      </div>
    </Dialog>
  );
}
