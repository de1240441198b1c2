import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { statement } from '../../src/database/statement.js';
import { type Answer, PASSWORD, startTestApp } from '../helpers/app.js';
import { settingsFor } from '../helpers/cli.js';
import { idOf, seedStaff } from '../helpers/staff.js';
import { Program } from '../start/program.js';
import type { Order, Tally, Target } from './attacker.js';

const SECRET_KEY = 'test-key-0123456789-abcdefghijklmnopqrstuvwxyz';
const CLIENTS = { main: 4_000, demo: 500 };
const MEGABYTE = 1024 * 1024;

/** The program in a process of its own, with two agencies: `main`, to which the attacker belongs, and `demo`. */
export interface Scene {
  readonly target: Target;
  /** Sends a request of the neighbour, an admin of the other agency. */
  ask(method: string, path: string, body?: unknown): Promise<Pick<Answer, 'status'> & { body: string }>;
  /** Logs the neighbour in. */
  logIn(): Promise<number>;
  /** Waits until the attacker's own agency is answered again: what was under way goes on for a while. */
  settled(): Promise<void>;
  /** Returns the process's resident memory, in megabytes. */
  memory(): number;
  /** Attacks until the returned function is called, which resolves with the statuses of the answers. */
  attack(name: string): () => Promise<Tally>;
  close(): Promise<void>;
}

/** Starts the program with its default limits, and fills both agencies. */
export async function startScene(): Promise<Scene> {
  const app = await startTestApp();
  const folder = await mkdtemp(join(tmpdir(), 'leopard-hostile-'));
  for (const [tenant, count] of Object.entries(CLIENTS)) {
    await seedStaff(app, `tenant_${tenant}`);
    const context = { schema: `tenant_${tenant}`, userId: null };
    await app.database.tenantQuery(
      context,
      statement(
        `INSERT INTO immigration_client (first_name, last_name, gender, country, stage, branch_id, assigned_to_id)
         SELECT 'Maya ' || n, 'Rai ' || n, 'FEMALE', 'NP', 'LEAD', 1, $1 FROM generate_series(1, $2::integer) n`,
        [idOf('consultant1'), count],
      ),
    );
  }
  const token = await app.logIn('consultant1');
  const neighbour = await app.logIn('admin', 'demo');
  const program = Program.leopard(['serve'], {
    directory: folder,
    environment: {
      ...(settingsFor(app.databases, folder) as Record<string, string>),
      SECRET_KEY,
      PORT: '0',
      METRICS_PORT: '0',
      EMAIL_TRANSPORT: 'off',
      LOG_LEVEL: 'error',
    },
  });
  const [, port] = await program.said(/Leopard is ready on port (\d+)/);
  const target = { port: Number(port), token, clientId: 1 };
  const attacker = fork(fileURLToPath(new URL('attacker.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  const base = `http://127.0.0.1:${port}`;
  const send = async (method: string, path: string, headers: Record<string, string>, body?: unknown) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = { host: 'demo.localhost', ...headers, ...(text && { 'content-type': 'application/json' }) };
    return await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sent = request(base + path, { method, headers: all }, (response) => {
        let said = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          said += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: said }));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  };
  return {
    target,
    ask: (method, path, body) => send(method, path, { authorization: `Bearer ${neighbour}` }, body),
    logIn: async () => {
      const answer = await send('POST', '/api/token/', {}, { username: 'admin', password: PASSWORD });
      return answer.status;
    },
    settled: async () => {
      for (let n = 0; n < 100; n++) {
        const headers = { host: 'main.localhost', authorization: `Bearer ${token}` };
        if ((await send('GET', '/api/v1/users/profile/', headers)).status === 200) return;
        await sleep(100);
      }
      throw new Error("the attacker's agency is not answered again");
    },
    memory: () => residentMemory(program.pid),
    attack: (name) => {
      attacker.send({ attack: name, target } satisfies Order);
      return () => stop(attacker);
    },
    close: async () => {
      attacker.kill('SIGKILL');
      await program.kill('SIGKILL');
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function stop(attacker: ChildProcess): Promise<Tally> {
  const stopped = new Promise<Tally>((resolve) =>
    attacker.once('message', (tally) => resolve(tally as Tally)),
  );
  attacker.send('stop');
  const tally = await stopped;
  await sleep(100);
  return tally;
}

function residentMemory(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return (Number(kilobytes) * 1024) / MEGABYTE;
}
