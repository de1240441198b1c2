import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { matches, runSnippets, snippetsOf } from '../helpers/page-script.js';

const PAGE = `Text
\`\`\`sh
VALUE=7
echo "{ \\"id\\": $VALUE, \\"at\\": \\"today\\" }"
\`\`\`

\`\`\`json
{"id": 7, "at": "…"}
\`\`\`

\`\`\`sh
echo http://localhost:8000/$VALUE
\`\`\`
`;
const options = { port: 12345, directory: tmpdir(), environment: {} };

it('runs the blocks of a page in one shell, at the port of the test', async () => {
  const { code, printed, differing } = await runSnippets(snippetsOf(PAGE), options);
  expect([code, differing]).toEqual([0, []]);
  expect(printed[1]?.trim()).toBe('http://localhost:12345/7');
});

it('shows what differs, stops at a command that fails, and ends what it left running', async () => {
  const page = PAGE.replace('VALUE=7', 'VALUE=8');
  expect((await runSnippets(snippetsOf(page), options)).differing[0]).toContain('{ "id": 8');
  const failing = `\`\`\`sh\nsleep 100 &\nfalse\n\`\`\`\n${PAGE}`;
  const { code, printed } = await runSnippets(snippetsOf(failing), options);
  expect([code, printed]).toEqual([1, ['']]);
});

it('takes white space for nothing and … for anything', () => {
  expect(matches('{"a":1,"b":"x y"}\n', '{"a": 1, …}')).toBe(true);
  expect(matches('{"a":1,"b":2}', '{"a": 1}')).toBe(false);
  expect(matches('abab', 'ab … ab … ab')).toBe(false);
});
