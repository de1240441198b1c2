import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '../../../src/auth/tokens.js';
import { type Config, loadConfig } from '../../../src/config/config.js';
import { withOwner } from '../../../src/database/owner.js';
import { tryPort } from '../../../src/platform/try-port.js';
import { settingsFor } from '../../helpers/cli.js';
import { idOf } from '../../helpers/staff.js';
import { audit, type CaseResult, count, seconds } from '../audit.js';
import { ASSIGNEES, Scene } from '../scene.js';
import type { Stage } from '../stage.js';

const KILLS = 6;
const SENDERS = 16;

/** A function that assigns a client by the API. @returns the status; null when there was no answer */
type Assign = (client: number, port: number) => Promise<number | null>;

function assigner(scene: Scene): Assign {
  const databases = { app: scene.app, owner: scene.owner, admin: scene.admin, drop: async () => undefined };
  const config: Config = loadConfig(settingsFor(databases, scene.stage.folder), scene.stage.folder);
  const holder = { user_id: String(idOf('admin')), tid: 'main', email: '', username: 'admin', groups: [] };
  const { token } = new Tokens(config).issue('access', holder);
  const headers = {
    host: 'main.localhost',
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ last_name: '1', assigned_to_id: ASSIGNEES[1] });
  return (client, port) =>
    new Promise((resolve) => {
      const path = `/api/v1/clients/${client}/`;
      const sent = request({ host: '127.0.0.1', port, method: 'PATCH', path, headers }, (answer) => {
        answer.resume();
        answer.on('error', () => resolve(null));
        answer.on('end', () => resolve(answer.statusCode ?? null));
      });
      sent.on('error', () => resolve(null));
      sent.end(body);
    });
}

/** Kills two API processes in turn while clients are assigned, each once. */
export function apiKilled(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(40_000);
    const assign = assigner(scene);
    const ports = [await tryPort('127.0.0.1', 0), await tryPort('127.0.0.1', 0)];
    const start = (port: number) => scene.serve('api', { environment: { PORT: String(port) } });
    const apis = [await start(ports[0]!), await start(ports[1]!)];
    await scene.worker();
    const statuses = new Map<number, number | null>();
    let [next, isOver] = [1, false];
    const sender = async () => {
      while (!isOver && next <= 40_000) {
        const client = next++;
        const status = await assign(client, ports[client % 2]!);
        statuses.set(client, status);
        if (status === null) await sleep(20);
      }
    };
    const senders = Array.from({ length: SENDERS }, sender);
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(300 + 400 * Math.random());
      await apis[kill % 2]!.kill('SIGKILL');
      apis[kill % 2] = await start(ports[kill % 2]!);
    }
    isOver = true;
    await Promise.all(senders);
    await scene.drained();
    const answered = [...statuses].filter(([, status]) => status === 200).map(([client]) => client);
    const others = new Set([...statuses.values()].filter((status) => status !== 200 && status !== null));
    if (others.size > 0) throw new Error(`answers with ${[...others].join(', ')}`);
    const unanswered = await scene.number(
      `SELECT count(*) FROM immigration_client WHERE last_name = '1' AND id <> ALL ($1::bigint[])`,
      [answered],
    );
    const acknowledged = new Map(answered.map((client) => [client, 1]));
    return {
      ...(await audit(scene, { rules: 1, acknowledged })),
      remarks: `${KILLS} kills at ${SENDERS} connections; of ${count(statuses.size - answered.length)} requests without an answer the database had committed ${unanswered}, each with its event; ${count(answered.length)} answered`,
    };
  });
}

const HELD_MS = 12_000;

/** Blocks both connections of an API on a locked record, while more requests come than it can serve. */
export function poolExhausted(stage: Stage): Promise<CaseResult> {
  return Scene.play(stage, async (scene) => {
    await scene.addClients(400);
    const assign = assigner(scene);
    const port = await tryPort('127.0.0.1', 0);
    await scene.serve('api', { environment: { PORT: String(port), DB_POOL_SIZE: '2', LOG_LEVEL: 'silent' } });
    await scene.worker();
    const statuses = new Map<number, number | null>();
    const send = async (client: number) => void statuses.set(client, await assign(client, port));
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
    const sent = await withOwner(scene.admin, async (client) => {
      await client.query('BEGIN; SELECT FROM tenant_main.immigration_client WHERE id <= 2 FOR UPDATE');
      const blocked = range(1, 2).map(send);
      await sleep(300);
      const all = [...blocked, ...range(3, 200).map(send)];
      await sleep(HELD_MS);
      await client.query('ROLLBACK');
      return all;
    });
    await Promise.all(sent);
    const refused = [...statuses.values()].filter((status) => status === 503).length;
    await Promise.all(range(201, 400).map(send));
    await scene.drained();
    const answered = [...statuses].filter(([, status]) => status === 200).map(([client]) => client);
    if (answered.length + refused !== 400) throw new Error('answers other than 200 and 503');
    const without = await scene.number(
      `SELECT count(*) FROM immigration_client WHERE last_name = '1' AND id <> ALL ($1::bigint[])`,
      [answered],
    );
    if (without > 0) throw new Error(`${without} clients were changed by requests answered with 503`);
    return {
      ...(await audit(scene, {
        rules: 1,
        acknowledged: new Map(answered.map((client) => [client, 1])),
      })),
      remarks: `2 connections held for ${seconds(HELD_MS)}: ${refused} of 400 requests answered with 503, none of them changed anything`,
    };
  });
}
