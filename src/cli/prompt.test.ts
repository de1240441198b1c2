import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { ask } from './prompt.js';

function terminal() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const shown: string[] = [];
  output.on('data', (text: Buffer) => shown.push(text.toString()));
  return { input, output, shown: () => shown.join('') };
}

it('gives the line that was typed', async () => {
  const { input, output, shown } = terminal();
  const answer = ask('Tenant: ', { input, output });
  input.write('main\r');
  expect(await answer).toBe('main');
  expect(shown()).toContain('Tenant: ');
});

it('shows nothing of a hidden answer', async () => {
  const { input, output, shown } = terminal();
  const answer = ask('Password: ', { input, output, hidden: true });
  input.write('se cret\r');
  expect(await answer).toBe('se cret');
  expect(shown()).toBe('Password: \n');
});

it.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('ends the command with %s', async (_name, key) => {
  for (const hidden of [false, true]) {
    const { input, output } = terminal();
    const answer = ask('Tenant: ', { input, output, hidden });
    input.write(key);
    await expect(answer).rejects.toMatchObject({ message: 'nothing was done', exitCode: 130 });
  }
});
