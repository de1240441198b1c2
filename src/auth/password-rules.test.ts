import { expect, it } from 'vitest';
import { cpuOf, leastOf } from '../../test/helpers/processor-time.js';
import { isBreachedPassword } from './breached-passwords.js';
import { passwordProblems } from './password-rules.js';

const SHORT = 'This password is too short. It must contain at least 8 characters.';
const COMMON = 'This password is too common.';
const BREACHED = 'This password has appeared in a data breach. Choose one that is used nowhere else.';
const NUMERIC = 'This password is entirely numeric.';
const similar = (what: string) => `The password is too similar to the ${what}.`;

it.each([
  ['zebra-Crossing-42', {}, []],
  ['Ab1!xyz', {}, [SHORT]],
  ['1234567', {}, [SHORT, NUMERIC]],
  ['8529637410', {}, [NUMERIC]],
  ['१२३४५६७८', {}, [NUMERIC]],
  ['Password1', {}, [COMMON]],
  ['Sergey12345', {}, [BREACHED]],
  [' sergei1992', {}, [BREACHED]],
  ['sergei1992 and a dog', {}, []],
  ['admin123', { username: 'admin' }, [similar('username'), COMMON]],
  ['demo123', { email: 'admin@demo.com' }, [similar('email address'), SHORT]],
  ['mariana99', { email: 'mariana.silva@agency.example' }, [similar('email address')]],
  ['KATHMANDUx', { firstName: 'Kathmandu' }, [similar('first name')]],
  ['नेपालीनेपाली', { lastName: 'नेपालीनेपाल' }, [similar('last name')]],
  ['a long sentence holding an ann', { firstName: 'Ann' }, []],
  ['🐆🐆🐆🐆🐆🐆🐆', {}, [SHORT]],
])('%s of %j', (password, owner, problems) => {
  expect(passwordProblems(password, owner)).toEqual(problems);
});

it('takes few for breached by mistake, and decides in microseconds', async () => {
  const COUNT = 20_000;
  const looked = async () => {
    const mistaken = Array.from({ length: COUNT }, (_, n) => isBreachedPassword(`not-in-any-list-${n}`));
    expect(mistaken.filter(Boolean)).toEqual([]);
  };
  const limit = 0.1 * COUNT;
  expect(await leastOf(() => cpuOf(looked), limit)).toBeLessThan(limit);
});
