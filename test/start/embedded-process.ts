import { startEmbedded } from '../../src/database/embedded/embedded.js';
import { PlainError } from '../../src/platform/plain-error.js';

// Runs the embedded server of the directory in argv[2] until a signal, so that tests can kill its process.
try {
  const server = await startEmbedded(
    { directory: process.argv[2]! },
    { onProgress: (text) => console.log(text) },
  );
  const alive = setInterval(() => undefined, 60_000);
  const stopping = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  console.log(`ready as ${server.account}`);
  await stopping;
  clearInterval(alive);
  await server.stop();
} catch (error) {
  if (!(error instanceof PlainError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
