import { execFile } from 'node:child_process';

/** Longest duration of one message to the service manager, in milliseconds. */
const WITHIN_MS = 5_000;
/** Interval at which a long start asks for more time, and the time that it asks for, in milliseconds. */
const STARTING_EVERY_MS = 15_000;
const STARTING_WITHIN_MS = 60_000;

type Settings = Readonly<Record<string, string | undefined>>;

/**
 * The connection to systemd: reports start, progress and stop, and answers its watchdog. Node.js has no datagram sockets
 * of the Unix family, so the messages are sent by systemd's own program `systemd-notify`, one at a time; the unit needs
 * `NotifyAccess=all`. Without NOTIFY_SOCKET nothing is sent.
 */
export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #watchdogMs: number;
  /** Assignments that wait for the message under way. */
  #waiting = new Map<string, string>();
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isQuiet = false;

  /**
   * @param environment the process's; what systemd has put there is not meant for child processes and is removed
   * @param warn called with one line when messages cannot be sent
   */
  constructor(
    environment: Record<string, string | undefined>,
    private readonly warn: (line: string) => void,
  ) {
    this.#socket = environment.NOTIFY_SOCKET;
    this.#watchdogMs = watchdogOf(environment);
    for (const name of [
      'NOTIFY_SOCKET',
      'WATCHDOG_USEC',
      'WATCHDOG_PID',
      'LISTEN_FDS',
      'LISTEN_PID',
      'LISTEN_FDNAMES',
    ])
      delete environment[name];
  }

  /** Asks for time while the process starts, for as long as its event loop runs. */
  starting(): void {
    this.#every(STARTING_EVERY_MS, { EXTEND_TIMEOUT_USEC: String(1000 * STARTING_WITHIN_MS) });
  }

  /** Shows a line of text where the service's state is shown. */
  status(text: string): void {
    this.#tell({ STATUS: text });
  }

  /** Reports that the process serves, and answers the watchdog from now on. */
  ready(): void {
    this.#tell({ READY: '1', STATUS: 'serving' });
    clearInterval(this.#timer);
    if (this.#watchdogMs > 0) this.#every(this.#watchdogMs / 3, { WATCHDOG: '1' });
  }

  /** Reports that the process stops. The watchdog is answered until the end, which may come before the last message. */
  stopping(): void {
    this.#isQuiet = true;
    this.#tell({ STOPPING: '1', STATUS: 'finishing requests' });
  }

  /** Sends nothing more, once the message under way is sent. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
  }

  #every(ms: number, assignments: Readonly<Record<string, string>>): void {
    clearInterval(this.#timer);
    if (this.#socket === undefined) return;
    this.#timer = setInterval(() => this.#tell(assignments), ms);
    this.#timer.unref();
  }

  #tell(assignments: Readonly<Record<string, string>>): void {
    if (this.#socket === undefined) return;
    for (const [name, value] of Object.entries(assignments)) this.#waiting.set(name, value);
    this.#sending ??= this.#sendAll(this.#socket).finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(socket: string): Promise<void> {
    while (this.#waiting.size > 0) {
      const message = [...this.#waiting].map(([name, value]) => `${name}=${value.replaceAll('\n', ' ')}`);
      this.#waiting = new Map();
      await this.#send(socket, message);
    }
  }

  #send(socket: string, message: readonly string[]): Promise<void> {
    const { PATH = '/usr/bin:/bin' } = process.env;
    const options = { env: { PATH, NOTIFY_SOCKET: socket }, timeout: WITHIN_MS };
    return new Promise((resolve) => {
      execFile('systemd-notify', [...message], options, (error) => {
        if (error && !this.#isQuiet) {
          this.#isQuiet = true;
          this.warn(
            `systemd cannot be notified (${error.message.trim()}); use Type=exec and no WatchdogSec, or install systemd-notify`,
          );
        }
        resolve();
      });
    });
  }
}

/** Returns the interval of the watchdog in milliseconds; 0 without one. */
function watchdogOf({ WATCHDOG_USEC = '', WATCHDOG_PID = '' }: Settings): number {
  const isMeant = WATCHDOG_PID === '' || WATCHDOG_PID === String(process.pid);
  return isMeant && /^\d+$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1000 : 0;
}
