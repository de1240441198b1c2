import type { SettingsReader } from './settings-reader.js';

/** The settings of passwords and the e-mails about them. Times are in seconds. */
export interface AccountSettings {
  /** The address of the agencies' front end, with `{agency}` for the agency's name; '' for its host name of APP_SUBDOMAIN. */
  readonly frontEndUrl: string;
  /** Time for which a link to set a forgotten password is good. */
  readonly resetLifetime: number;
  /** Time for which an invitation is good. */
  readonly invitationLifetime: number;
  /** Maximum number of requests for such links from one address and hour; 0 for any number. */
  readonly resetsPerAddress: number;
  /** Maximum number of e-mails about an account to one user and hour; 0 for any number. */
  readonly mailsPerHour: number;
  /** Days for which a device is known after it was last seen; 0: none is. */
  readonly knownDeviceDays: number;
  /** Whether users are told by e-mail of log-ins from devices that are not known. */
  readonly newDeviceNotices: boolean;
}

const YEAR = 366 * 86_400;
const FRONT_END = /^https?:\/\/[\w.{}-]+(:\d+)?$/;

/** Reads the settings of accounts; errors become problems of `read`. */
export function readAccountSettings(read: SettingsReader): AccountSettings {
  return {
    frontEndUrl: readFrontEnd(read),
    resetLifetime: read.integer('PASSWORD_RESET_LIFETIME', 3_600, { min: 60, max: 86_400 }),
    invitationLifetime: read.integer('INVITATION_LIFETIME', 7 * 86_400, { min: 60, max: YEAR }),
    resetsPerAddress: read.integer('PASSWORD_RESETS_PER_ADDRESS', 50, { min: 0, max: 1_000_000 }),
    mailsPerHour: read.integer('ACCOUNT_MAILS_PER_HOUR', 20, { min: 0, max: 1_000_000 }),
    knownDeviceDays: read.integer('KNOWN_DEVICE_DAYS', 90, { min: 0, max: 3_650 }),
    newDeviceNotices: read.boolean('NEW_DEVICE_NOTICES', true),
  };
}

function readFrontEnd(read: SettingsReader): string {
  const url = read.text('FRONT_END_URL', '').replace(/\/$/, '');
  if (url !== '' && !(FRONT_END.test(url) && URL.canParse(url.replaceAll('{agency}', 'agency')))) {
    read.problem('FRONT_END_URL', 'must look like https://{agency}.app.example.com, without a path');
    return '';
  }
  return url;
}
