import type { DebianMachine } from '../helpers/debian-machine.js';

/** Sends requests by https from the machine itself; prints the statuses, and the last answer. */
const ASK = `
const { request } = require("node:https");
const [host, method, path, times, body, token] = process.argv.slice(1);
const ask = () => new Promise((resolve, reject) => request(
  { host: "127.0.0.1", servername: host, rejectUnauthorized: false, agent: false, method, path,
    headers: { host, "content-type": "application/json", ...(token && { authorization: "Bearer " + token }) } },
  (answer) => { let text = ""; answer.on("data", (part) => { text += part; });
    answer.on("end", () => resolve([answer.statusCode, text])); },
).on("error", reject).end(body || undefined));
(async () => {
  const statuses = {};
  let last;
  for (let n = 0; n < Number(times); n++) {
    const [status, text] = await ask().catch((error) => [error.code, ""]);
    statuses[status] = (statuses[status] ?? 0) + 1;
    last = text;
    if (Number(times) > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(JSON.stringify({ statuses, last }));
})();`;

export interface Asked {
  readonly times?: number;
  readonly body?: unknown;
}

/** Sends requests by https on a machine, to itself. @returns the number of each status, and the last answer's text */
export async function askOn(
  machine: DebianMachine,
  host: string,
  method: string,
  path: string,
  { times = 1, body }: Asked = {},
): Promise<{ statuses: Record<string, number>; last: string }> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return JSON.parse(await machine.must(`node -e '${ASK}' '${host}' ${method} '${path}' ${times} '${text}'`));
}
