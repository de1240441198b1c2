import { createHash } from 'node:crypto';

/** The path of the style sheet for our own pages. */
export const STYLES = '/api/docs/assets/leopard.css';

/** Colours follow the reader's choice of light or dark. */
export const STYLE_SHEET = `:root { color-scheme: light dark; }
body { margin: 0; font: 1rem/1.6 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: 3rem 1.5rem; }
h1 { margin: 0 0 1rem; font-size: 1.75rem; }
li { margin: 0.25rem 0; }
code { font-family: ui-monospace, monospace; }
`;

export interface Page {
  readonly summary: string;
  readonly html: string;
  /** The Content-Security-Policy: our own scripts, and only the one inlined in the page. */
  readonly policy: string;
}

function page(
  summary: string,
  title: string,
  styles: string,
  bundle: string,
  content: string,
  start: string,
): Page {
  const hash = createHash('sha256').update(start).digest('base64');
  return {
    summary,
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${styles}
</head>
<body>
${content}
<script src="/api/docs/assets/${bundle}"></script>
<script>${start}</script>
</body>
</html>
`,
    // Both libraries write styles into the page, and ReDoc searches in a worker that it creates.
    policy: [
      "default-src 'none'",
      `script-src 'self' 'sha256-${hash}'`,
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self' data:",
      "connect-src 'self'",
      'worker-src blob:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/** The documentation pages by the last part of their path. */
export const PAGES: Readonly<Record<string, Page>> = {
  docs: page(
    'The documentation of this API, to try out (Swagger UI).',
    'Leopard API',
    '<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">',
    'swagger-ui-bundle.js',
    '<div id="docs"></div>',
    "SwaggerUIBundle({url:'/api/schema/?format=json',dom_id:'#docs',deepLinking:true,validatorUrl:null,persistAuthorization:false});",
  ),
  redoc: page(
    'The documentation of this API, to read (ReDoc).',
    'Leopard API',
    '<style>body{margin:0}</style>',
    'redoc.standalone.js',
    '<div id="docs"></div>',
    "Redoc.init('/api/schema/?format=json',{disableGoogleFont:true,hideDownloadButton:false},document.getElementById('docs'));",
  ),
};
