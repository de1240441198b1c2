import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../start/program.js';

/** Time after which a supervisor starts a process again that has ended, in milliseconds: systemd's RestartSec. */
const RESTARTS_AFTER_MS = 1_000;

/** A process of the program under a supervisor, which starts it again when it has ended. */
export class Part {
  #program: Program;
  #stopped = false;

  /** @param start starts the process */
  private constructor(
    readonly name: string,
    private readonly start: () => Program,
  ) {
    this.#program = start();
  }

  /** Starts a process; resolves when it serves. */
  static async begin(name: string, start: () => Program): Promise<Part> {
    const part = new Part(name, start);
    await part.#serves();
    return part;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Restarts it in order, as `systemctl restart` does; resolves when it serves. */
  async restart(): Promise<void> {
    await this.#program.kill('SIGTERM');
    await this.#startAgain();
  }

  /** Kills it; resolves when it was started again and serves. */
  async kill(): Promise<void> {
    await this.#program.kill('SIGKILL');
    await sleep(RESTARTS_AFTER_MS);
    await this.#startAgain();
  }

  /** Starts it again if it has ended, as after a failure of what it needs. @returns whether it had */
  async revive(): Promise<boolean> {
    const hasEnded = await Promise.race([this.#program.ended.then(() => true), sleep(10, false)]);
    if (hasEnded) await this.#startAgain();
    return hasEnded;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#program.kill('SIGTERM');
  }

  async #startAgain(): Promise<void> {
    if (this.#stopped) return;
    this.#program = this.start();
    await this.#serves();
  }

  async #serves(): Promise<void> {
    await this.#program.said(/(^|")(running |Leopard is ready)/m);
  }
}
