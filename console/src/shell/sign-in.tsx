import type { ChallengeError, Result, SignedInUser } from 'leopard-client';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../api/client.ts';
import { t } from '../i18n/index.ts';
import { Enrolment } from './enrolment.tsx';
import { answerByPasskey, hasPasskeys } from './passkeys.ts';

type Attempt = () => Promise<Result<SignedInUser>>;

interface Props {
  /** The user who must sign in again; anybody may otherwise. */
  readonly username?: string | undefined;
}

/** The steps of a log-in: password or passkey, then what the API asks for. The session's state tells when it is done. */
export function SignIn({ username }: Props) {
  const [challenge, setChallenge] = useState<ChallengeError | null>(null);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const run = async (attempt: Attempt) => {
    setBusy(true);
    setError('');
    try {
      const answer = await attempt();
      if (answer.ok) return;
      if (answer.error.kind === 'challenge') setChallenge(answer.error);
      else setError(answer.error.message);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure)); // the browser's, of a passkey
    } finally {
      setBusy(false);
    }
  };
  const steps = { run, isBusy };
  const again = () => {
    setChallenge(null);
    setError('');
  };
  return (
    <div className="sign-in" aria-busy={isBusy}>
      {challenge === null && <Password {...steps} username={username} />}
      {challenge?.code === 'second_factor_required' && <SecondFactor {...steps} challenge={challenge} />}
      {challenge?.code === 'password_change_required' && <NewPassword {...steps} challenge={challenge} />}
      {challenge?.code === 'second_factor_enrolment_required' && (
        <Enrolment challenge={challenge} onError={setError} />
      )}
      {error && (
        <p role="alert" className="error">
          {error}
        </p>
      )}
      {challenge && (
        <button type="button" onClick={again}>
          {t('Start again')}
        </button>
      )}
    </div>
  );
}

interface StepProps {
  readonly isBusy: boolean;
  run(attempt: Attempt): Promise<void>;
}

/** Returns a handler of `submit` that gives the form's texts. */
const submitted = (work: (given: Record<string, string>) => void) => (event: FormEvent<HTMLFormElement>) => {
  event.preventDefault();
  event.stopPropagation();
  work(Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>);
};

function Password({ run, isBusy, username }: StepProps & Props) {
  const id = useId();
  const passkey = () =>
    run(async () => {
      const options = await api.session.passkeyOptions();
      if (!options.ok) return options;
      return await api.session.logInWithPasskey(await answerByPasskey(options.data));
    });
  return (
    <form
      onSubmit={submitted(({ name = username ?? '', password = '' }) =>
        run(() => api.session.logIn({ username: name, password })),
      )}
    >
      <div className="field">
        <label htmlFor={`${id}-name`}>{t('Username or e-mail')}</label>
        <input
          id={`${id}-name`}
          name="name"
          autoComplete="username"
          required
          readOnly={username !== undefined}
          defaultValue={username}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-password`}>{t('Password')}</label>
        <input
          id={`${id}-password`}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus={username !== undefined}
        />
      </div>
      <div className="bar">
        <button type="submit" className="primary" disabled={isBusy}>
          {t('Sign in')}
        </button>
        {hasPasskeys() && (
          <button type="button" disabled={isBusy} onClick={() => void passkey()}>
            {t('Sign in with a passkey')}
          </button>
        )}
      </div>
    </form>
  );
}

type Of<Code extends ChallengeError['code']> = {
  readonly challenge: Extract<ChallengeError, { readonly code: Code }>;
};

function SecondFactor({ run, isBusy, challenge: step }: StepProps & Of<'second_factor_required'>) {
  const id = useId();
  const { challenge, methods, passkey } = step;
  const takesCode = methods.includes('totp') || methods.includes('recovery_code');
  return (
    <>
      {takesCode && (
        <form
          onSubmit={submitted(({ code = '' }) =>
            run(() => api.session.answerChallenge(challenge, { code: code.trim() })),
          )}
        >
          <div className="field">
            <label htmlFor={id}>
              {methods.includes('totp')
                ? t('Code of your authenticator app, or a recovery code')
                : t('Recovery code')}
            </label>
            <input id={id} name="code" autoComplete="one-time-code" required autoFocus />
          </div>
          <button type="submit" className="primary" disabled={isBusy}>
            {t('Go on')}
          </button>
        </form>
      )}
      {passkey && hasPasskeys() && (
        <button
          type="button"
          disabled={isBusy}
          onClick={() =>
            void run(async () =>
              api.session.answerChallenge(challenge, { passkey: await answerByPasskey(passkey) }),
            )
          }
        >
          {t('Use a passkey')}
        </button>
      )}
      {methods.includes('passkey') && !hasPasskeys() && (
        <p className="help">{t('Passkeys need https and a browser that knows them.')}</p>
      )}
    </>
  );
}

function NewPassword({ run, isBusy, challenge: { challenge } }: StepProps & Of<'password_change_required'>) {
  const id = useId();
  return (
    <form
      onSubmit={submitted(({ password = '' }) =>
        run(() => api.session.setDemandedPassword(challenge, password)),
      )}
    >
      <p>{t('Your password must be changed before you go on.')}</p>
      <div className="field">
        <label htmlFor={id}>{t('New password')}</label>
        <input
          id={id}
          name="password"
          type="password"
          autoComplete="new-password"
          minLength={8}
          required
          autoFocus
        />
      </div>
      <button type="submit" className="primary" disabled={isBusy}>
        {t('Change it and go on')}
      </button>
    </form>
  );
}
