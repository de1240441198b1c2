import { anybody } from '../policy.js';
import { publicRoute, type RouteDefinition } from '../route.js';
import { type Page, STYLES } from './pages.js';

const LINKS = [
  ['/api/docs/', 'the documentation of the API, to try out'],
  ['/api/redoc/', 'the same, to read'],
  ['/api/schema/?format=json', 'the OpenAPI document'],
  ['/health/', 'whether the service is up'],
] as const;

const POLICY: Page['policy'] =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Returns the route of the page at the root of a host, which tells visitors what this is and where to go. */
export function homeRoute(): RouteDefinition {
  return publicRoute({
    method: 'GET',
    path: '/',
    tag: 'root',
    summary: 'What this is, with links to the documentation.',
    policy: anybody,
    hosts: 'bare',
    page: true,
    produces: ['text/html'],
    handler: async ({ tenant }, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', POLICY)
        .send(page(tenant?.name ?? null)),
  });
}

/** Returns the page. @param agency the agency of the host; null if it has none */
function page(agency: string | null): string {
  const whose = agency === null ? 'This host belongs to no agency' : `This is the host of ${escaped(agency)}`;
  const login =
    agency === null
      ? 'Users log in at the host of their own agency.'
      : 'Its users get a token from <code>POST /api/token/</code> and send it in the header Authorization.';
  const links = LINKS.map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}</li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leopard</title>
<link rel="stylesheet" href="${STYLES}">
</head>
<body>
<main>
<h1>Leopard</h1>
<p>The backend of a CRM for immigration and study-abroad agencies: an API, without pages of its own for daily work.</p>
<p>${whose}. ${login}</p>
<ul>
${links.join('\n')}
</ul>
</main>
</body>
</html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
