/** The password of the tests' users. */
export const PASSWORD = 'Passw0rd!23';
/** The number of the passport in the samples of records. */
export const PASSPORT_NUMBER = 'NPSECRET4471902';

/** The secret values in the tests' fixtures: none of them may appear in a log, a span or an error report. */
export const SECRET_SAMPLES: readonly string[] = [
  PASSWORD,
  PASSPORT_NUMBER,
  'zebra-Crossing-42',
  'Namche-Bazaar-3440',
  'test-key-0123456789-abcdefghijklmnopqrstuvwxyz',
  'a key for tests, long enough and like no other: 9182736450',
];
