import { createContext } from './cli/context.js';
import { runCli } from './cli/program.js';

// Whatever still holds the event loop, a command that has ended has ended.
process.exit(await runCli(process.argv.slice(2), createContext()));
