import { existsSync } from 'node:fs';

const LIBRARY = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

export const NO_FAKETIME = 'libfaketime is not installed (apt-get install faketime): the clock does not jump';

/** libfaketime, which shifts the clock of processes; null where it is not installed. */
export const FAKETIME = LIBRARY
  ? {
      /** Returns the variables of a process whose clock is shifted by what a file says, such as `+1h`. */
      environment: (file: string) => ({
        LD_PRELOAD: LIBRARY,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      }),
    }
  : null;
