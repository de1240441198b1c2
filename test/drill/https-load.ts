import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsTarget } from '../helpers/tls-client.js';

/** The requests of a period, as clients saw them. */
export interface Seen {
  readonly requests: number;
  /** Requests that were not answered, or with a status from 429 on, by what the client saw. */
  readonly failures: ReadonlyMap<string, number>;
  readonly longestMs: number;
}

export interface LoadOptions {
  readonly target: TlsTarget;
  readonly host: string;
  /** Access tokens, which clients share. */
  readonly tokens: readonly string[];
  /** The ids of the clients' records, one for each client, which it alone changes. */
  readonly records: readonly number[];
  /** Ids of users who are a record's assignee by turns. */
  readonly assignees: readonly [number, number];
  /** Milliseconds between two requests of a client. */
  readonly pause: number;
}

/** A failure counts as one that a client gives up on: no answer within this time, in milliseconds. */
const ANSWERED_WITHIN_MS = 30_000;
/** Time after which a client goes on after a failure, in milliseconds. */
const GOES_ON_AFTER_MS = 100;

/**
 * Clients that read and change records over kept connections, each its own record, until they are stopped: every change
 * is to the other assignee and the other stage, which makes two events, and the last name counts them.
 */
export class HttpsLoad {
  /** The count in the last answered change of each record. */
  readonly latest = new Map<number, number>();
  readonly #clients: Promise<void>[];
  #stopped = false;
  #isPaused = false;
  #underWay = 0;
  #requests = 0;
  #failures = new Map<string, number>();
  #longest = 0;

  constructor(private readonly options: LoadOptions) {
    this.#clients = options.records.map((id, index) => this.#run(id, index));
  }

  /** Returns what was seen since the last call. */
  seen(): Seen {
    const seen = { requests: this.#requests, failures: this.#failures, longestMs: this.#longest };
    this.#requests = 0;
    this.#failures = new Map();
    this.#longest = 0;
    return seen;
  }

  /** Lets the clients rest after the requests under way; resolves when all do. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    while (this.#underWay > 0) await sleep(10);
  }

  goOn(): void {
    this.#isPaused = false;
  }

  /** Ends the clients after the requests under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #run(id: number, index: number): Promise<void> {
    const { tokens, assignees, pause } = this.options;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const token = tokens[index % tokens.length] as string;
    for (let n = 0; !this.#stopped; n++) {
      while (this.#isPaused && !this.#stopped) await sleep(20);
      this.#underWay++;
      const changes = {
        assigned_to_id: assignees[n % 2],
        stage: n % 2 === 0 ? 'CLIENT' : 'LEAD',
        last_name: String(n + 1),
      };
      const isChanged = await this.#ask(agent, token, 'PATCH', `/api/v1/clients/${id}/`, changes);
      if (isChanged) this.latest.set(id, n + 1);
      await this.#ask(agent, token, 'GET', `/api/v1/clients/${id}/`);
      await this.#ask(agent, token, 'GET', '/api/v1/clients/?page_size=10');
      await this.#ask(agent, token, 'POST', '/api/v1/agents/', {
        agent_name: `Agent ${index} ${n}`,
        agent_type: 'SUB_AGENT',
      });
      this.#underWay--;
      await sleep(pause);
    }
    agent.destroy();
  }

  /** Sends a request. @returns whether it was answered as it should */
  async #ask(agent: Agent, token: string, method: string, path: string, body?: object): Promise<boolean> {
    const begun = performance.now();
    const saw = await this.#send(agent, token, method, path, body);
    const took = performance.now() - begun;
    this.#requests++;
    this.#longest = Math.max(this.#longest, took);
    if (saw === null) return true;
    const kind = `${method} ${saw}`;
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
    await sleep(GOES_ON_AFTER_MS);
    return false;
  }

  #send(
    agent: Agent,
    token: string,
    method: string,
    path: string,
    body: object | undefined,
  ): Promise<string | null> {
    const { target, host } = this.options;
    const content = body && JSON.stringify(body);
    return new Promise((resolve) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port: target.port, socketPath: target.socketPath },
          ...{ servername: host, ca: target.certificates, agent, method, path, timeout: ANSWERED_WITHIN_MS },
          headers: {
            host,
            authorization: `Bearer ${token}`,
            ...(content && {
              'content-type': 'application/json',
              'content-length': String(Buffer.byteLength(content)),
            }),
          },
        },
        (response) => {
          const { statusCode = 0 } = response;
          response.resume();
          response.on('error', () => resolve('cut off'));
          response.on('end', () => resolve(statusCode < 400 ? null : String(statusCode)));
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      sent.end(content);
    });
  }
}
