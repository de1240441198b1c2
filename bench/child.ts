import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// biome-ignore lint/suspicious/noExplicitAny: each function has its own argument
type Calls = Readonly<Record<string, (argument: any) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
type Answer = { readonly id: number; readonly result?: unknown; readonly error?: string };
interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * A process of the bench's own whose functions can be called, so that the measured process does not share its event
 * loop.
 */
export class Child<C extends Calls> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /** @param file beside this one; it calls `answerCalls` */
  constructor(file: string) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), {
      serialization: 'advanced',
      execArgv: ['--import', 'tsx'],
      detached: true, // Ctrl-C is for the bench, which then ends this in order
    });
    this.#process.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${file} has ended`));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Calls a function of the process. @throws Error with the message of what the function threw */
  call<N extends keyof C & string>(
    name: N,
    argument: Parameters<C[N]>[0],
  ): Promise<Awaited<ReturnType<C[N]>>> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.#process.send({ id, name, argument } satisfies Question, (error) => error && reject(error));
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** Implements the child's side: answers calls until the bench has ended. */
export function answerCalls(calls: Calls): void {
  process.on('message', async ({ id, name, argument }: Question) => {
    const answer = (rest: Omit<Answer, 'id'>) => process.send?.({ id, ...rest } satisfies Answer);
    try {
      answer({ result: await calls[name]?.(argument) });
    } catch (error) {
      answer({ error: (error as Error).message || String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}
