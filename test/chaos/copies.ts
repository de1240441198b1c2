import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';

const own = (name: string) => join(PACKAGE_ROOT, name);

/**
 * Builds the program into a folder of its own, so that a long run keeps to one version.
 * @returns its bin/leopard.js
 * @throws Error with the compiler's output
 */
export async function buildCopy(folder: string): Promise<string> {
  const compiler = own('node_modules/typescript/bin/tsc');
  const output = join(folder, 'dist');
  const options = ['-p', own('tsconfig.build.json'), '--outDir', output, '--incremental', 'false'];
  const unset = ['--tsBuildInfoFile', 'null'];
  await promisify(execFile)(process.execPath, [compiler, ...options, ...unset], { cwd: PACKAGE_ROOT }).catch(
    ({ stdout, message }: { stdout?: string; message: string }) => {
      throw new Error(`the program could not be built:\n${stdout || message}`);
    },
  );
  for (const name of ['bin', 'migrations', 'package.json'])
    cpSync(own(name), join(folder, name), { recursive: true });
  symlinkSync(own('node_modules'), join(folder, 'node_modules'));
  return join(folder, 'bin', 'leopard.js');
}

/**
 * Makes another version of a built program: the same, with code appended to some of its modules.
 * @param additions JavaScript by module, such as `events/config.js`
 * @returns its bin/leopard.js
 */
export function otherVersion(
  program: string,
  folder: string,
  additions: Readonly<Record<string, string>>,
): string {
  cpSync(join(program, '..', '..'), folder, { recursive: true, verbatimSymlinks: true });
  for (const [module, code] of Object.entries(additions))
    appendFileSync(join(folder, 'dist', module), `\n${code}\n`);
  return join(folder, 'bin', 'leopard.js');
}
