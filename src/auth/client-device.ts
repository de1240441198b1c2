/** The client that logs in, as the request shows it. */
export interface ClientDevice {
  /** The address from which it asks. */
  readonly address: string;
  /** Its User-Agent header; '' for none. */
  readonly agent: string;
  /** The token that it sends to be recognised: X-Device-Token. */
  readonly token?: string;
  /** The id of its request, for the security log. */
  readonly requestId?: string;
}

/** Returns the source of a client's transactions (`TenantContext.source`). */
export function sourceOf({ address, requestId = '-', agent }: ClientDevice): string {
  return `${address} ${requestId} ${agent}`;
}

/** A client as it is stored. */
interface StoredDevice extends Omit<ClientDevice, 'requestId' | 'token'> {
  /** A short name such as "Firefox on Windows". */
  readonly device: string;
}

const LONGEST_ADDRESS = 64;
const LONGEST_AGENT = 300;
const LONGEST_DEVICE = 80;

/** Browsers by their mark in a User-Agent; the first that occurs counts, as most claim to be others too. */
const BROWSERS = [
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Firefox/', 'Firefox'],
  ['FxiOS/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;

const SYSTEMS = [
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const;

type Marks = readonly (readonly [mark: string, name: string])[];

/**
 * Returns a client as it is stored: texts cut, control characters removed, and a short name of the device such as
 * "Firefox on Windows".
 */
export function storedDevice({ address, agent }: ClientDevice): StoredDevice {
  const cut = printable(agent.slice(0, LONGEST_AGENT));
  return { address: printable(address.slice(0, LONGEST_ADDRESS)), agent: cut, device: deviceName(cut) };
}

/** Returns a short readable name for a User-Agent: browser and system, or the first word of another program's. */
export function deviceName(agent: string): string {
  const browser = nameIn(BROWSERS, agent);
  const system = nameIn(SYSTEMS, agent);
  if (browser) return system ? `${browser} on ${system}` : browser;
  const [program = ''] = agent.trim().split(' ', 1);
  return program.replace('/', ' ').slice(0, LONGEST_DEVICE) || 'Unknown device';
}

function nameIn(marks: Marks, agent: string): string | undefined {
  return marks.find(([mark]) => agent.includes(mark))?.[1];
}

function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '');
}
