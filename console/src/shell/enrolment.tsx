import type { ChallengeError, EnrolledUser, Result, Schemas } from 'leopard-client';
import { useId, useState } from 'react';
import { api } from '../api/client.ts';
import { holdSignIn } from '../api/session.ts';
import { t } from '../i18n/index.ts';
import { hasPasskeys, makePasskey } from './passkeys.ts';

interface Props {
  readonly challenge: Extract<ChallengeError, { code: 'second_factor_enrolment_required' }>;
  onError(message: string): void;
}

/** The set-up of the first second factor, which the agency requires. It ends with the recovery codes, shown this once. */
export function Enrolment({ challenge: { challenge, methods }, onError }: Props) {
  const id = useId();
  const [totp, setTotp] = useState<Schemas['NewTotp'] | null>(null);
  const [done, setDone] = useState<EnrolledUser | null>(null);
  const [code, setCode] = useState('');
  const fail = (answer: Result<unknown>) => onError(answer.ok ? '' : answer.error.message);

  const begin = async () => {
    const answer = await api.session.beginTotp(challenge);
    if (answer.ok) setTotp(answer.data);
    else fail(answer);
  };
  const finish = async (work: () => Promise<Result<EnrolledUser>>) => {
    const release = holdSignIn(); // the codes are shown before the page changes
    try {
      const answer = await work();
      fail(answer);
      if (answer.ok) setDone(answer.data);
      else release();
    } catch (error) {
      release();
      onError(error instanceof Error ? error.message : String(error));
    }
  };
  const passkey = () =>
    finish(async () => {
      const options = await api.session.beginPasskey(challenge);
      if (!options.ok) return options;
      return await api.session.finishPasskey({ challenge, passkey: await makePasskey(options.data) });
    });

  if (done)
    return (
      <>
        <h2>{t('Your recovery codes')}</h2>
        <p>
          {t(
            'Each signs you in once when your device is lost. They are shown this once: keep them in a safe place.',
          )}
        </p>
        <ul className="codes">
          {done.recoveryCodes.map((each) => (
            <li key={each}>
              <code>{each}</code>
            </li>
          ))}
        </ul>
        <button type="button" className="primary" onClick={() => holdSignIn()()}>
          {t('I have kept them')}
        </button>
      </>
    );
  if (totp)
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          void finish(() => api.session.finishTotp(challenge, code.trim()));
        }}
      >
        <p>{t('Add this key to your authenticator app, then type the code that it shows.')}</p>
        <p>
          <code className="key">{totp.secret.replace(/.{4}/g, '$& ').trim()}</code>
        </p>
        <p>
          <a href={totp.uri}>{t('Open in the authenticator app of this device')}</a>
        </p>
        <div className="field">
          <label htmlFor={id}>{t('Code')}</label>
          <input
            id={id}
            value={code}
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            onChange={({ target }) => setCode(target.value)}
          />
        </div>
        <button type="submit" className="primary">
          {t('Go on')}
        </button>
      </form>
    );
  return (
    <>
      <p>{t('Your agency asks for a second factor at every log-in. Set one up now.')}</p>
      <div className="bar">
        {methods.includes('totp') && (
          <button type="button" className="primary" onClick={() => void begin()}>
            {t('Authenticator app')}
          </button>
        )}
        {methods.includes('passkey') && hasPasskeys() && (
          <button type="button" onClick={() => void passkey()}>
            {t('Passkey')}
          </button>
        )}
      </div>
    </>
  );
}
