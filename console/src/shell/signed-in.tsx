import { mayUseConsole, useProfile } from '../api/profile.ts';
import { signOut, useSession } from '../api/session.ts';
import { t } from '../i18n/index.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { Layout } from './layout.tsx';
import { SignIn } from './sign-in.tsx';

/** The log-in, or the pages for who is signed in and may use them. */
export function SignedIn() {
  const session = useSession();
  if (session.kind === 'loading') return null;
  if (session.kind === 'out')
    return (
      <main className="alone">
        <h1>Leopard</h1>
        <SignIn />
      </main>
    );
  return (
    <>
      <Allowed />
      {session.kind === 'expired' && (
        <Dialog title={t('Please sign in again')}>
          <p>{t('Your session has ended. What you have typed is kept: sign in to go on where you were.')}</p>
          <SignIn username={session.user.username} />
          <button type="button" onClick={() => void signOut()}>
            {t('Leave the page')}
          </button>
        </Dialog>
      )}
    </>
  );
}

function Allowed() {
  const profile = useProfile();
  if (profile.data && mayUseConsole(profile.data)) return <Layout />;
  return (
    <main className="alone">
      {profile.isPending && <p role="status">{t('Loading …')}</p>}
      {profile.error && <Failure error={profile.error} onRetry={() => void profile.refetch()} />}
      {profile.data && (
        <>
          <h1>{t('This is for administrators')}</h1>
          <p>
            {t(
              'You are signed in as {{name}}, whose roles do not include this console. Ask an administrator of your agency, or use your usual application.',
              { name: profile.data.username },
            )}
          </p>
        </>
      )}
      <button type="button" onClick={() => void signOut()}>
        {t('Sign out')}
      </button>
    </main>
  );
}
