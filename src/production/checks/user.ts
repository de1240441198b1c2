import { ok, type ProductionCheck, problem } from '../check.js';

/** Checks that a hole in the program would not hand over the machine. */
export const userCheck: ProductionCheck = {
  name: 'user',
  async run() {
    const uid = process.geteuid?.();
    if (uid === undefined) return [ok('this system has no root')];
    if (uid !== 0) return [ok(`runs as the user id ${uid}, not as root`)];
    return [
      problem(
        'runs as root',
        'run the program, and this command, as a user of its own: User= in the systemd unit, USER in the Dockerfile, sudo -u here',
      ),
    ];
  },
};
