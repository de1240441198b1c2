/** An SMTP server's refusal, as nodemailer reports it. */
export interface SmtpFailure {
  readonly responseCode?: number | undefined;
  /** The refused command, such as `RCPT TO`. */
  readonly command?: string | undefined;
  readonly response?: string | undefined;
}

/** Codes of replies to RCPT, without an enhanced code, for an unknown mailbox or a domain that takes no mail. */
const NO_SUCH_MAILBOX = new Set([550, 551, 553, 556]);
/** Bad destination mailbox or system, in all variants (RFC 3463, 7505); 5.1.7 and 5.1.8 are about the sender. */
const BAD_RECIPIENT = /^5\.1\.(?:[0-6]|9|10)$/;
const MAILBOX_DISABLED = '5.2.1';
const ENHANCED_CODE = /^[\s\d-]*\b(5\.\d{1,3}\.\d{1,3})\b/;

/**
 * Returns whether this refusal concerns the recipient, so that every further attempt would fail too. Somebody can
 * resolve other permanent refusals (of the session, the sender, the log-in, a full mailbox, a policy).
 */
export function isAboutRecipient({ responseCode = 0, command, response = '' }: SmtpFailure): boolean {
  if (responseCode < 500 || (command !== 'RCPT TO' && command !== 'DATA')) return false;
  const [, enhanced] = ENHANCED_CODE.exec(response) ?? [];
  if (enhanced) return BAD_RECIPIENT.test(enhanced) || enhanced === MAILBOX_DISABLED;
  return command === 'RCPT TO' && NO_SUCH_MAILBOX.has(responseCode);
}
