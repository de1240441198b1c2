/** The result of a greeting after which nothing is sent. */
export interface SmtpProbe {
  /** Whether the connection is encrypted, from the beginning or by STARTTLS. */
  readonly isEncrypted: boolean;
  /** Whether the server took user and password; null where none are given. */
  readonly isLoggedIn: boolean | null;
}

/**
 * Connects to an SMTP server, greets it by EHLO and logs in where the address holds a user; sends no e-mail.
 * @param smtpUrl as SMTP_URL
 * @param within time for each step, in milliseconds
 * @param signal ends the connection
 * @throws Error of the connection, or with the server's words
 */
export async function probeSmtp(smtpUrl: string, within: number, signal: AbortSignal): Promise<SmtpProbe> {
  const [{ default: SMTPConnection }, { parseConnectionUrl }] = await Promise.all([
    import('nodemailer/lib/smtp-connection'),
    import('nodemailer/lib/shared'),
  ]);
  const { auth, ...options } = parseConnectionUrl(smtpUrl);
  const connection = new SMTPConnection({
    ...options,
    connectionTimeout: within,
    greetingTimeout: within,
    socketTimeout: within,
  });
  const cut = () => connection.close();
  signal.addEventListener('abort', cut, { once: true });
  try {
    return await new Promise<SmtpProbe>((resolve, reject) => {
      connection.once('error', reject);
      connection.once('end', () => reject(new Error('the connection was closed')));
      connection.connect(() => {
        const isEncrypted = connection.secure;
        if (!auth) return resolve({ isEncrypted, isLoggedIn: null });
        connection.login(auth, (error: Error | null | undefined) =>
          error ? reject(error) : resolve({ isEncrypted, isLoggedIn: true }),
        );
      });
    });
  } finally {
    signal.removeEventListener('abort', cut);
    connection.once('error', () => undefined);
    connection.quit();
    connection.close();
  }
}
