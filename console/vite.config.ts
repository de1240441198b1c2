import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Puts the script that chooses light or dark into a file of its own, which the page waits for. */
function themeScript(): Plugin {
  let file = '';
  let base = '/';
  return {
    name: 'theme-script',
    configResolved(config) {
      base = config.base;
    },
    generateBundle: {
      order: 'pre',
      handler() {
        const source = readFileSync(at('src/theme-script.js'));
        file = this.getFileName(this.emitFile({ type: 'asset', name: 'theme.js', source }));
      },
    },
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        {
          tag: 'script',
          attrs: { src: file ? base + file : `${base}src/theme-script.js` },
          injectTo: 'head-prepend',
        },
      ],
    },
  };
}

export default defineConfig({
  root: at('.'),
  base: '/admin/',
  plugins: [react(), themeScript()],
  resolve: { alias: { 'leopard-client': at('../clients/typescript/src/index.ts') } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  // `npm run dev -w leopard-console`: pages are replaced as they are edited; the API answers from a running program.
  server: { proxy: { '/api': process.env.LEOPARD ?? 'http://main.localhost:8000' } },
});
