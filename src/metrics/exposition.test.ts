import { expect, it } from 'vitest';
import { parseExposition } from './exposition.js';

it('parses what Prometheus would, and leaves the rest out', () => {
  const text = `# HELP a A.\n# TYPE a counter\na{route="/x/",le="+Inf"} 3\nb 1.5e3\nc{d="e"} Nan\n\nnonsense\n`;
  expect(parseExposition(text)).toEqual([
    { name: 'a', labels: { route: '/x/', le: '+Inf' }, value: 3 },
    { name: 'b', labels: {}, value: 1500 },
  ]);
});
