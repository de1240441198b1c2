import { createSocket } from 'node:dgram';

/** A name server of a test. */
export interface DnsServer {
  /** Its address and port, as DOCTOR_DNS_SERVERS takes it. */
  readonly address: string;
  /** The IPv4 addresses of names; a name may begin with `*.`. Names that are not in it do not exist. */
  readonly zone: Map<string, readonly string[]>;
  /** Names whose questions are never answered. */
  readonly silent: Set<string>;
  close(): Promise<void>;
}

const A = 1;
const NO_SUCH_NAME = 3;
const HEADER = 12;

/** Starts a name server on 127.0.0.1 that knows the given names. */
export async function startDnsServer(names: Readonly<Record<string, readonly string[]>>): Promise<DnsServer> {
  const zone = new Map(Object.entries(names));
  const silent = new Set<string>();
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const { name, type, end } = read(question);
    if (silent.has(name)) return;
    const found = zone.get(name) ?? zone.get(name.replace(/^[^.]+/, '*'));
    socket.send(answer(question.subarray(0, end), found, type), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    zone,
    silent,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function read(question: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: question.readUInt16BE(at + 1), end: at + 5 };
}

function answer(question: Buffer, found: readonly string[] | undefined, type: number): Buffer {
  const addresses = found && type === A ? found : [];
  const records = addresses.map((address) =>
    Buffer.from([0xc0, HEADER, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)]),
  );
  const reply = Buffer.concat([question, ...records]);
  reply.writeUInt16BE(0x8180 | (found ? 0 : NO_SUCH_NAME), 2);
  reply.writeUInt16BE(records.length, 6);
  reply.writeUInt16BE(0, 8);
  reply.writeUInt16BE(0, 10);
  return reply;
}
