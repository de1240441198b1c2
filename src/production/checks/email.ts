import { probeSmtp } from '../../deliveries/smtp-probe.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

const STEP_MS = 8_000;

/** Checks that the mail server takes the program's e-mails: it is greeted, nothing is sent. */
export const emailCheck: ProductionCheck = {
  name: 'e-mail',
  async run({ config, signal }) {
    const { transport, smtpUrl, from } = config.deliveries.email;
    if (transport !== 'smtp')
      return [
        warning(
          transport === 'off'
            ? 'e-mail is off: nobody can be invited, or set a forgotten password'
            : 'e-mails are written to files, and reach nobody',
          'set EMAIL_TRANSPORT=smtp and SMTP_URL',
        ),
      ];
    const { hostname, port, username } = new URL(smtpUrl);
    const server = port === '' ? hostname : `${hostname}:${port}`;
    const lines: Line[] = [];
    if (from.endsWith('@localhost') || from.endsWith('@localhost>'))
      lines.push(
        problem(
          `e-mails come from ${from}, which nobody can answer`,
          'set EMAIL_FROM to an address of your domain',
        ),
      );
    try {
      const { isEncrypted } = await probeSmtp(smtpUrl, STEP_MS, signal);
      if (!isEncrypted && username !== '')
        lines.push(
          warning(
            `${server} takes user and password in the clear`,
            'use smtps:// in SMTP_URL, or a server that offers STARTTLS',
          ),
        );
    } catch (error) {
      lines.push(
        problem(
          `the mail server ${server} does not take e-mails: ${(error as Error).message}`,
          'look at SMTP_URL, at the server and at the firewall between',
        ),
      );
    }
    return lines.length > 0 ? lines : [ok(`${server} takes e-mails`)];
  },
};
