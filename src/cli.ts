import { createContext } from './cli/context.js';
import { watchOutput } from './cli/output.js';
import { runCli } from './cli/program.js';

const output = watchOutput(process.stdout, process.stderr);
const exitCode = await runCli(process.argv.slice(2), createContext());
// Whatever still holds the event loop, a finished command ends the process.
process.exit(await output.exitCode(exitCode));
