import type { Server } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { startMetrics } from '../../src/metrics/start-metrics.js';
import { tryPort } from '../../src/platform/try-port.js';
import type { ProductionCheck } from '../../src/production/check.js';
import { agenciesCertificatesCheck } from '../../src/production/checks/agencies-certificates.js';
import { agenciesDnsCheck } from '../../src/production/checks/agencies-dns.js';
import { certificateCheck } from '../../src/production/checks/certificate.js';
import { emailCheck } from '../../src/production/checks/email.js';
import { monitoringCheck } from '../../src/production/checks/monitoring.js';
import { wildcardDnsCheck } from '../../src/production/checks/wildcard-dns.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { type Authority, createAuthority, type Pair } from './certificates.js';
import { checked, expectLines, goodConfig } from './checking.js';
import { type DnsServer, startDnsServer } from './dns-server.js';

// The checks of names, certificates and servers, with name servers, TLS, mail and proxies that are real.

const HERE = '203.0.113.7';
let database: TestDatabase;
let dns: DnsServer;
let authority: Authority;
const handle = () => ({ kind: 'server' as const, app: database.app, owner: database.owner });

beforeAll(async () => {
  database = await testDatabase();
  dns = await startDnsServer({
    '*.crm.acme.com': [HERE],
    'main.localhost': [HERE],
    'demo.localhost': [HERE],
  });
  authority = createAuthority();
});
afterAll(async () => {
  authority?.remove();
  await dns?.close();
  await database?.drop();
});

const settings = (changes: NodeJS.ProcessEnv = {}) =>
  goodConfig({ PUBLIC_ADDRESSES: HERE, DOCTOR_DNS_SERVERS: dns.address, ...changes });
const look = (check: ProductionCheck, changes: NodeJS.ProcessEnv = {}) =>
  checked(check, { config: settings(changes), database: handle(), authorities: authority.certificate });
const sql = (text: string) => withOwner(database.admin, (client) => client.query(text));

describe('wildcard dns', () => {
  it('fails without a wildcard record', async () => {
    expectLines(await look(wildcardDnsCheck, { BASE_DOMAIN: 'other.acme.com' }), [
      ['problem', /^DNS knows no check-\w+-immigrate\.other\.acme\.com.*; create .* \*\.other\.acme\.com /],
    ]);
  });
  it('fails where it leads elsewhere', async () => {
    expectLines(await look(wildcardDnsCheck, { PUBLIC_ADDRESSES: '203.0.113.8,198.51.100.0/24' }), [
      ['problem', /leads to 203\.0\.113\.7, not only to PUBLIC_ADDRESSES; mend/],
    ]);
    expectLines(await look(wildcardDnsCheck, { PUBLIC_ADDRESSES: '' }), [
      ['warning', /not this machine; if .* set PUBLIC_ADDRESSES=203\.0\.113\.7;/],
    ]);
  });
  it('fails where no name server answers', async () => {
    const port = await tryPort('127.0.0.1', 0);
    expectLines(await look(wildcardDnsCheck, { DOCTOR_DNS_SERVERS: `127.0.0.1:${port}` }), [
      ['warning', /do not tell .*; look at the zone/],
    ]);
  });
  it('passes where any name leads to the proxy', async () => {
    expectLines(await look(wildcardDnsCheck), [['ok', /leads to 203\.0\.113\.7/]]);
    expectLines(await look(wildcardDnsCheck, { PUBLIC_ADDRESSES: '203.0.113.0/24' }), [['ok', /leads to/]]);
  });
});

describe('dns of agencies', () => {
  it('fails for domains that lead nowhere or elsewhere', async () => {
    dns.zone.delete('main.localhost');
    dns.zone.set('demo.localhost', ['198.51.100.1']);
    expectLines(await look(agenciesDnsCheck), [
      ['problem', /no address of main\.localhost of tenant_main; let the agency/],
      ['warning', /elsewhere: demo\.localhost of tenant_demo \(198\.51\.100\.1\); let/],
    ]);
    dns.zone.set('main.localhost', [HERE]);
    dns.zone.set('demo.localhost', [HERE]);
  });
  it('fails for those of which name servers say nothing in time, and tells the others', async () => {
    dns.zone.delete('main.localhost');
    dns.silent.add('demo.localhost');
    expectLines(await look({ ...agenciesDnsCheck, within: 2_500 }), [
      ['problem', /no address of main\.localhost of tenant_main; let/],
      ['unknown', /^1 of 2 domains were not looked at in time; run it again/],
    ]);
    dns.silent.clear();
    dns.zone.set('main.localhost', [HERE]);
  });
  it('looks at the primary domain of active agencies alone, also at a wildcard', async () => {
    await sql(`UPDATE public.tenants_domain SET domain = '*.demo.acme.com' WHERE domain = 'demo.localhost';
      UPDATE public.tenants_tenant SET is_active = false WHERE schema_name = 'tenant_main'`);
    dns.zone.set('*.demo.acme.com', [HERE]);
    expectLines(await look(agenciesDnsCheck), [['ok', /^all 1 primary/]]);
    await sql(`UPDATE public.tenants_domain SET domain = 'demo.localhost' WHERE domain = '*.demo.acme.com';
      UPDATE public.tenants_tenant SET is_active = true`);
  });
  it('passes where all lead here', async () => {
    expectLines(await look(agenciesDnsCheck), [['ok', /^all 2 primary/]]);
  });
});

/** Starts an HTTPS server with a certificate for each name that is asked for, else the one for ''. */
async function startProxy(
  pairs: Readonly<Record<string, Pair>>,
  pages: Readonly<Record<string, string>> = {},
) {
  const contexts = new Map<string, SecureContext>(
    Object.entries(pairs).map(([name, pair]) => [name, createSecureContext(pair)]),
  );
  const server: HttpsServer = createHttpsServer(
    {
      ...pairs[''],
      SNICallback: (name, answer) => answer(null, contexts.get(name) ?? contexts.get('')),
    },
    (request, response) =>
      response.writeHead(pages[request.url ?? ''] ? 200 : 404).end(pages[request.url ?? '']),
  );
  const address = `127.0.0.1:${await listening(server)}`;
  return { address, close: () => closed(server) };
}

/** Lets a server listen. @returns its port */
async function listening(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function closed(server: Server | HttpsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function withProxy(
  pairs: Readonly<Record<string, Pair>>,
  work: (changes: NodeJS.ProcessEnv) => Promise<void>,
  pages?: Readonly<Record<string, string>>,
): Promise<void> {
  const proxy = await startProxy(pairs, pages);
  try {
    await work({ DOCTOR_HTTPS_ADDRESS: proxy.address });
  } finally {
    await proxy.close();
  }
}

describe('certificate', () => {
  const WILDCARD = ['crm.acme.com', '*.crm.acme.com'];
  it.each([
    [20, 'warning'],
    [6, 'problem'],
    [0, 'problem'],
  ] as const)('fails %s days before its end: %s', async (days, level) => {
    await withProxy({ '': authority.issue(WILDCARD, days) }, async (changes) => {
      expectLines(await look(certificateCheck, changes), [
        [level, /(ends in|ended) \d+ days( ago)?; renew it/],
      ]);
    });
  });
  it('fails where it is not for any agency', async () => {
    await withProxy({ '': authority.issue(['crm.acme.com'], 29) }, async (changes) => {
      expectLines(await look(certificateCheck, changes), [
        ['problem', /is not for check-\w+-immigrate\.crm\.acme\.com .*; get one for \*\.crm\.acme\.com/],
      ]);
    });
  });
  it('fails where it is not trusted', async () => {
    const stranger = createAuthority();
    await withProxy({ '': stranger.issue(WILDCARD, 29) }, async (changes) => {
      expectLines(await look(certificateCheck, changes), [['problem', /not trusted .*; let .* whole chain/]]);
    });
    stranger.remove();
  });
  it('fails where nothing answers, or something without TLS', async () => {
    const plain = createHttpServer();
    const address = `127.0.0.1:${await listening(plain)}`;
    expectLines(await look(certificateCheck, { DOCTOR_HTTPS_ADDRESS: address }), [
      ['problem', /cannot be reached by TLS: .*; let the proxy/],
    ]);
    await closed(plain);
    expectLines(await look(certificateCheck, { DOCTOR_HTTPS_ADDRESS: address }), [
      ['problem', /ECONNREFUSED/],
    ]);
    expectLines(await look(certificateCheck, { BASE_DOMAIN: 'other.acme.com' }), [
      ['problem', /DNS knows no/],
    ]);
  });
  it('does not wait for ever for a server that says nothing', async () => {
    const silent = createTcpServer((socket) => socket.resume());
    const port = await listening(silent);
    const check = { ...certificateCheck, within: 200 };
    expectLines(await look(check, { DOCTOR_HTTPS_ADDRESS: `127.0.0.1:${port}` }), [
      ['warning', /within 0\.2 s/],
    ]);
    await new Promise((resolve) => silent.close(resolve)); // its connections have been cut
  });
  it('passes where it is for all names below BASE_DOMAIN', async () => {
    await withProxy({ '': authority.issue(WILDCARD, 29) }, async (changes) => {
      expectLines(await look(certificateCheck, changes), [
        ['ok', /for \*\.crm\.acme\.com, for another 28 days/],
      ]);
    });
    expectLines(await look(certificateCheck, { USE_HTTPS: 'false' }), [['unknown', /set USE_HTTPS=true/]]);
  });
});

describe('certificates of agencies', () => {
  it('fails for each domain of its own whose certificate does not do', async () => {
    const pairs = {
      '': authority.issue(['*.crm.acme.com'], 29),
      'main.localhost': authority.issue(['main.localhost'], 5),
    };
    await withProxy(pairs, async (changes) => {
      expectLines(await look(agenciesCertificatesCheck, changes), [
        ['problem', /of main\.localhost ends in [45] days/],
        ['problem', /not for demo\.localhost .*; get one for demo\.localhost/],
      ]);
    });
  });
  it('passes where all have one, and leaves out those below BASE_DOMAIN', async () => {
    await withProxy({ '': authority.issue(['main.localhost', 'demo.localhost'], 29) }, async (changes) => {
      expectLines(await look(agenciesCertificatesCheck, changes), [
        ['ok', /^of 2 domains, all for another 28 days/],
      ]);
    });
    expectLines(await look(agenciesCertificatesCheck, { BASE_DOMAIN: 'localhost' }), [
      ['ok', /no agency has/],
    ]);
  });
});

describe('monitoring', () => {
  const warned: string[] = [];
  async function withMetrics(
    host: string,
    work: (changes: NodeJS.ProcessEnv) => Promise<void>,
  ): Promise<void> {
    const running = await startMetrics(
      { metrics: { host, port: await tryPort('127.0.0.1', 0) } },
      handle(),
      (line) => warned.push(line),
    );
    try {
      await work({
        METRICS_HOST: host,
        METRICS_PORT: String(running?.port),
        PUBLIC_ADDRESSES: '127.0.0.9',
        USE_HTTPS: 'false',
      });
    } finally {
      await running?.close();
    }
  }

  it('fails where the metrics are off or nothing answers', async () => {
    expectLines(await look(monitoringCheck, { METRICS_PORT: '0' }), [['warning', /set METRICS_PORT/]]);
    expectLines(
      await look(monitoringCheck, {
        METRICS_PORT: String(await tryPort('127.0.0.1', 0)),
        USE_HTTPS: 'false',
      }),
      [['warning', /ECONNREFUSED.*; start leopard serve/]],
    );
  });
  it('fails where something else answers', async () => {
    const other = createHttpServer((_, response) => response.end('hello'));
    const METRICS_PORT = String(await listening(other));
    expectLines(
      await look(monitoringCheck, { METRICS_PORT, USE_HTTPS: 'false', PUBLIC_ADDRESSES: '127.0.0.9' }),
      [['problem', /something else answers .*\(200\); set METRICS_PORT/]],
    );
    await closed(other);
  });
  it('fails where a public address gives them to everybody', async () => {
    await withMetrics('0.0.0.0', async (changes) => {
      expectLines(await look(monitoringCheck, changes), [
        ['problem', /at 127\.0\.0\.9 port .*; set METRICS_HOST/],
      ]);
    });
  });
  it('fails where the proxy gives them to everybody', async () => {
    await withMetrics('127.0.0.1', async (changes) => {
      const pages = { '/metrics': '# HELP leopard_open_streams Open live streams.\n' };
      await withProxy(
        { '': authority.issue(['*.crm.acme.com'], 29) },
        async (proxied) => {
          expectLines(await look(monitoringCheck, { ...changes, ...proxied, USE_HTTPS: 'true' }), [
            ['problem', /\.crm\.acme\.com\/metrics; close the path/],
          ]);
        },
        pages,
      );
    });
  });
  it('passes where they are served on this machine alone', async () => {
    await withMetrics('127.0.0.1', async (changes) => {
      expectLines(await look(monitoringCheck, changes), [['ok', /served at 127\.0\.0\.1/]]);
      await withProxy({ '': authority.issue(['*.crm.acme.com'], 29) }, async (proxied) => {
        expectLines(await look(monitoringCheck, { ...changes, ...proxied, USE_HTTPS: 'true' }), [
          ['ok', /served/],
        ]);
      });
    });
    expect(warned).toEqual([]);
  });
});

describe('e-mail', () => {
  async function withMailServer(
    options: ConstructorParameters<typeof SMTPServer>[0],
    work: (server: string) => Promise<void>,
  ): Promise<void> {
    const server = new SMTPServer({ ...options });
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await work(`127.0.0.1:${(server.server.address() as AddressInfo).port}`);
    } finally {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }
  const PLAIN = { disabledCommands: ['STARTTLS'], allowInsecureAuth: true, authOptional: true };
  const LOGIN = {
    ...PLAIN,
    onAuth: (
      { password }: { readonly password?: string | null | undefined },
      _: unknown,
      answer: (error: Error | null, response?: { user: string }) => void,
    ) => (password === 'right' ? answer(null, { user: 'crm' }) : answer(new Error('wrong password'))),
  };

  it('fails where it is off or goes to files', async () => {
    expectLines(await look(emailCheck), [['warning', /nobody can be invited.*; set EMAIL_TRANSPORT=smtp/]]);
    expectLines(await look(emailCheck, { EMAIL_TRANSPORT: 'file' }), [['warning', /files.*; set EMAIL_TR/]]);
  });
  it('fails where nothing answers, or no mail server does', async () => {
    expectLines(await look(emailCheck, { SMTP_URL: 'smtp://127.0.0.1:1' }), [
      ['problem', /127\.0\.0\.1:1 does not take e-mails: .*ECONNREFUSED.*; look at SMTP_URL/],
    ]);
    const silent = createTcpServer((socket) => socket.resume());
    const SMTP_URL = `smtp://127.0.0.1:${await listening(silent)}`;
    expectLines(await look({ ...emailCheck, within: 300 }, { SMTP_URL }), [['warning', /within 0\.3 s/]]);
    await new Promise((resolve) => silent.close(resolve));
  });
  it('fails where the log-in is refused, and where it would be in the clear', async () => {
    await withMailServer(LOGIN, async (server) => {
      expectLines(await look(emailCheck, { SMTP_URL: `smtp://crm:wrong@${server}` }), [
        ['problem', /does not take e-mails: .*wrong password/],
      ]);
      expectLines(await look(emailCheck, { SMTP_URL: `smtp://crm:right@${server}` }), [
        ['warning', /in the clear; use smtps/],
      ]);
    });
  });
  it('fails where nobody can answer its e-mails', async () => {
    await withMailServer(PLAIN, async (server) => {
      const changes = { SMTP_URL: `smtp://${server}`, EMAIL_FROM: 'Leopard <no-reply@localhost>' };
      expectLines(await look(emailCheck, changes), [['problem', /; set EMAIL_FROM/]]);
    });
  });
  it('passes where the server greets the program', async () => {
    await withMailServer(PLAIN, async (server) => {
      expectLines(await look(emailCheck, { SMTP_URL: `smtp://${server}` }), [['ok', /takes e-mails/]]);
    });
  });
});
