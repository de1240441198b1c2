import { passwordProblems } from '../auth/password-rules.js';
import { hashPassword, verifyPassword } from '../auth/passwords.js';
import type { Database } from '../database/database.js';
import { invalid, invalidField, unauthorized } from '../http/errors.js';
import type { OperatorRequest } from '../routing/operator-route.js';
import { accountById, lockOperator, setPassword } from './accounts.js';
import { doneStatement, notingRefusals } from './changing-route.js';
import { endSessions } from './sessions.js';
import type { OperatorThrottle } from './throttle.js';

const ACTION = 'me.password';
const WRONG = 'Your password was entered incorrectly.';

interface Passwords {
  readonly current_password: string;
  readonly new_password: string;
}

/** Changes operators' own passwords. */
export class OwnPassword {
  constructor(
    private readonly database: Database,
    private readonly throttle: OperatorThrottle,
  ) {}

  /**
   * Changes the password of the operator who asks, and ends all other sessions. Wrong present passwords count as failed
   * log-ins.
   * @throws HttpError 400 by field; 429 after too many failures
   */
  async change(request: OperatorRequest, read: () => Passwords): Promise<void> {
    await notingRefusals(this.database, request, ACTION, {}, () => this.#change(request, read()));
  }

  async #change(request: OperatorRequest, { current_password, new_password }: Passwords): Promise<void> {
    const { operator, ip, sessionId } = request;
    const { database, throttle } = this;
    const [standing, [account]] = await database.platformTransaction(async (transaction) =>
      transaction
        .send(throttle.standing(operator.username, ip))
        .and(transaction.send(accountById(operator.id))),
    );
    throttle.check(standing);
    const asker = { tenant: 'platform', address: ip };
    if (!account || !(await verifyPassword(current_password, account.password, asker))) {
      const failures = await database.platformTransaction(async (transaction) => {
        transaction.send(throttle.sweep());
        return transaction.send(throttle.failure(operator.username, ip));
      });
      throttle.checkFailure(failures);
      throw invalidField('current_password', WRONG);
    }
    const problems = passwordProblems(new_password, account);
    if (problems.length > 0) throw invalid({ new_password: problems });
    const hash = await hashPassword(new_password, asker);
    await database.platformTransaction(async (transaction) => {
      transaction.send(lockOperator(operator.id));
      const [now] = await transaction.query(accountById(operator.id));
      // Somebody else has changed it meanwhile.
      if (!now?.isActive || now.password !== account.password)
        throw unauthorized('User is inactive', { code: 'user_inactive' });
      transaction.send(setPassword(operator.id, hash));
      transaction.send(endSessions(operator.id, sessionId));
      transaction.send(throttle.forgive(operator.username));
      transaction.send(doneStatement(request, ACTION));
    });
  }
}
