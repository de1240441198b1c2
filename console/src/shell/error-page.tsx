import { type ErrorComponentProps, Link, useLocation } from '@tanstack/react-router';
import { t } from '../i18n/index.ts';
import { Failure } from '../parts/failure.tsx';

/** The page of an address that leads nowhere. */
export function NotFound() {
  const { pathname } = useLocation();
  return (
    <>
      <h1>{t('There is no such page')}</h1>
      <p>
        {t('Nothing is at')} <code dir="auto">{pathname}</code>.{' '}
        {t('The address may be misspelt or of another version.')}
      </p>
      <Link to="/">{t('To the first page')}</Link>
    </>
  );
}

/** The page of a right that is missing. */
export function NotAllowed() {
  return (
    <>
      <h1>{t('You may not see this page')}</h1>
      <p>{t('Your roles do not hold the permission for it. Ask an administrator of your agency.')}</p>
      <Link to="/">{t('To the first page')}</Link>
    </>
  );
}

/** What is shown when a page itself fails, such as one of a version that was replaced meanwhile. */
export function PageFailed({ error }: ErrorComponentProps) {
  const isOld = /dynamically imported module|Importing a module|preload/i.test(String(error));
  return (
    <>
      <h1>{isOld ? t('A new version of this page is there') : t('This page has failed')}</h1>
      {isOld ? (
        <p>{t('It could not be loaded by the version that is open. Your drafts are kept.')}</p>
      ) : (
        <Failure error={error} />
      )}
      <button type="button" className="primary" onClick={() => location.reload()}>
        {t('Reload')}
      </button>
    </>
  );
}
