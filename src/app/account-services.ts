import { AccountLinks } from '../auth/account-links.js';
import { AccountMails } from '../auth/account-mails.js';
import { CurrentUsers } from '../auth/current-user.js';
import { ForcedChange } from '../auth/forced-change.js';
import { KnownDevices } from '../auth/known-devices.js';
import { LoginChallenges } from '../auth/login-challenges.js';
import { LoginThrottle } from '../auth/login-throttle.js';
import { NewPasswords } from '../auth/new-passwords.js';
import { OwnSessions } from '../auth/own-sessions.js';
import { PasswordReset } from '../auth/password-reset.js';
import { secondFactors } from '../auth/second-factors.js';
import { Sessions } from '../auth/sessions.js';
import { Tokens } from '../auth/tokens.js';
import type { Config } from '../config/config.js';
import { KeyRing } from '../config/key-ring.js';
import type { Notices } from '../database/cell-listeners.js';
import type { Database } from '../database/database.js';
import type { Cors } from '../http/cors.js';
import { Invitations } from '../immigration/users/invitations.js';
import { frontEnds } from '../tenancy/front-end.js';
import type { Tenants } from '../tenancy/tenants.js';

interface AccountParts {
  readonly config: Config;
  readonly database: Database;
  readonly listener: Notices;
  readonly tenants: Tenants;
  readonly cors: Cors;
  readonly resetsAnsweredAfterMs?: number | undefined;
}

/** Makes the services of log-ins, sessions, passwords and second factors, which depend on each other. */
export function accountServices(parts: AccountParts) {
  const { config, database, listener, tenants, cors } = parts;
  const keys = new KeyRing(config.secretKey, config.sessions.keysFile);
  const tokens = new Tokens(config, keys);
  const users = new CurrentUsers(database, listener);
  const throttle = new LoginThrottle(config.loginFailures, config.accounts.knownDeviceDays);
  const frontEnd = frontEnds(config, (origin) => cors.allows(origin));
  const links = new AccountLinks([config.secretKey, ...config.secretKeyFallbacks]);
  const mails = new AccountMails(config.accounts, links);
  const devices = new KnownDevices(config.accounts, mails);
  const passwords = new NewPasswords(tokens, mails);
  const challenges = new LoginChallenges(keys);
  const forcedChange = new ForcedChange({ database, tokens, devices, challenges, passwords });
  const factors = secondFactors({
    ...{ config, database, tokens, throttle, devices, mails, cors, tenants, challenges },
  });
  const steps = [forcedChange.step, factors.factor.step];
  const sessions = new Sessions(database, tokens, throttle, users, devices, steps);
  const resets = new PasswordReset(database, {
    ...{ settings: config.accounts, mails, passwords, frontEnd },
    answersAfterMs: parts.resetsAnsweredAfterMs,
  });
  const invitations = new Invitations({
    mails,
    lifetime: config.accounts.invitationLifetime,
    canSend: config.deliveries.email.transport !== 'off',
    frontEnd,
  });
  const ownSessions = new OwnSessions(database, tokens, throttle, passwords);
  const own = { users, sessions: ownSessions, passwords, mails, invitations };
  return { keys, tokens, users, sessions, forcedChange, factors, resets, own };
}
