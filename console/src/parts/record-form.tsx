import { useMutation } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { useForm } from 'react-hook-form';
import { t } from '../i18n/index.ts';
import { toast } from '../shell/toasts.tsx';
import { Conflict, type Conflicts, conflictsBetween } from './conflict.tsx';
import { Dialog } from './dialog.tsx';
import { readDraft, writeDraft } from './drafts.ts';
import { type FieldDef, Fields, type Values } from './fields.tsx';
import { Moment } from './moment.tsx';
import { type Answer, bodyOf, changedFields, showFailure, valuesOf } from './values.ts';

interface Props<Saved> {
  /** Name of the draft: `client:12`, `client:new`. */
  readonly name: string;
  readonly fields: readonly FieldDef[];
  /** The record as it was read; of a new one the fields that are given already. */
  readonly record: object;
  readonly isNew?: boolean;
  /** Reads the record again before it is changed, to see whether somebody else has changed the same fields. */
  readonly reread?: (() => Promise<object>) | undefined;
  /** Sends the body: of a change only the fields that differ. @throws ApiFailure */
  save(body: never): Promise<Saved>;
  onSaved(saved: Saved): void;
  onCancel?: (() => void) | undefined;
  /** Further buttons. */
  readonly children?: ReactNode;
  readonly disabled?: boolean;
}

const DRAFT_AFTER_MS = 300;

/**
 * The form of a record: messages at their fields, a draft that survives a reload, a warning before changes are lost, and
 * the difference where somebody else has changed the same fields.
 */
export function RecordForm<Saved>(props: Props<Saved>) {
  const { name, fields, isNew = false, onCancel, children, disabled } = props;
  const record = props.record as Answer;
  const loaded = useMemo(() => valuesOf(fields, record), [fields, record]);
  const [draft, setDraft] = useState(() => readDraft(name));
  const [message, setMessage] = useState('');
  const [conflicts, setConflicts] = useState<Conflicts | null>(null);
  const form = useForm<Values>({
    defaultValues: loaded,
    values: loaded,
    resetOptions: { keepDirtyValues: true },
  });
  const values = form.watch();
  const changed = changedFields(fields, values, loaded);
  const isDirty = changed.length > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was kept is put back once
  useEffect(() => {
    for (const [field, value] of Object.entries(draft?.values ?? {}))
      form.setValue(field, value, { shouldDirty: true });
  }, []);
  useEffect(() => {
    const kept = Object.entries(values).filter(([field, value]) => value !== loaded[field]);
    const later = setTimeout(() => writeDraft(name, Object.fromEntries(kept)), DRAFT_AFTER_MS);
    return () => clearTimeout(later);
  });

  const save = useMutation({
    networkMode: 'always',
    mutationFn: async ({ given, isSure }: { given: Values; isSure: boolean }) => {
      const sent = isNew
        ? fields.filter((field) => isGiven(field, given))
        : changedFields(fields, given, loaded);
      if (!isNew && !isSure && props.reread) {
        const now = valuesOf(fields, (await props.reread()) as Answer);
        const found = conflictsBetween(sent, { loaded, now, given });
        if (found.length > 0) {
          setConflicts(found);
          return null;
        }
      }
      return { saved: await props.save(bodyOf(sent, given) as never) };
    },
    onMutate: () => setMessage(''),
    onSuccess: (done) => {
      if (!done) return;
      forget(form.getValues());
      toast(t('Saved.'));
      props.onSaved(done.saved);
    },
    onError: (failure) => setMessage(showFailure(form, fields, failure)),
  });
  const forget = (to: Values) => {
    writeDraft(name, {});
    setDraft(null);
    form.reset(to, { keepDirtyValues: false });
  };
  const blocker = useBlocker({
    shouldBlockFn: () => changedFields(fields, form.getValues(), loaded).length > 0 && !save.isSuccess,
    enableBeforeUnload: false, // the draft survives
    withResolver: true,
  });

  return (
    <form
      noValidate
      aria-busy={save.isPending}
      onSubmit={(event) => {
        event.stopPropagation(); // of a form around it
        void form.handleSubmit((given) => save.mutate({ given, isSure: false }))(event);
      }}
    >
      {draft && isDirty && (
        <p className="note" role="status">
          {t('Your unsaved changes are back, from')} <Moment at={draft.at} />.{' '}
          <button type="button" onClick={() => forget(loaded)}>
            {t('Discard them')}
          </button>
        </p>
      )}
      <fieldset className="card" disabled={disabled}>
        <Fields form={form} fields={fields} />
      </fieldset>
      {message && (
        <p className="error" role="alert">
          {message}
        </p>
      )}
      <div className="bar">
        {!disabled && (
          <button type="submit" className="primary" disabled={save.isPending || (!isNew && !isDirty)}>
            {t('Save')}
          </button>
        )}
        {onCancel && (
          <button type="button" onClick={onCancel}>
            {t('Cancel')}
          </button>
        )}
        {isDirty && <span className="help">{t('There are unsaved changes.')}</span>}
        {children}
      </div>
      {conflicts && (
        <Conflict
          conflicts={conflicts}
          onClose={() => setConflicts(null)}
          onMine={() => {
            setConflicts(null);
            save.mutate({ given: form.getValues(), isSure: true });
          }}
          onTheirs={() => {
            for (const { field, theirs } of conflicts)
              form.setValue(field.name, theirs, { shouldDirty: true });
            setConflicts(null);
          }}
        />
      )}
      {blocker.status === 'blocked' && (
        <Dialog title={t('Leave without saving?')} onClose={() => blocker.reset()}>
          <p>{t('There are unsaved changes on this page. They are lost when you leave it.')}</p>
          <div className="bar">
            <button type="button" className="primary" onClick={() => blocker.reset()}>
              {t('Stay')}
            </button>
            <button
              type="button"
              className="danger"
              onClick={() => {
                writeDraft(name, {});
                blocker.proceed();
              }}
            >
              {t('Leave')}
            </button>
          </div>
        </Dialog>
      )}
    </form>
  );
}

const isGiven = ({ name }: FieldDef, values: Values) => {
  const value = values[name];
  return value !== '' && value !== null && value !== undefined;
};
