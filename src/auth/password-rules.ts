/** Whose password it is to be: what it may not resemble. */
export interface PasswordOwner {
  readonly username?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
}

const SHORTEST = 8;
/** Django's own limit of how like two texts may be. */
const TOO_SIMILAR = 0.7;

/** The best known passwords that the other rules let pass. */
const COMMON = new Set(
  `password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword pa55word pass1234 passpass
   qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 asdfghjk asdfghjkl zxcvbnm1 1q2w3e4r 1qaz2wsx q1w2e3r4
   1q2w3e4r5t zaq12wsx abcd1234 abc12345 aa123456 a1234567 a12345678 asdf1234 test1234 testtest admin123 admin1234
   administrator adminadmin root1234 rootroot changeme changeme1 letmein1 welcome1 welcome123 iloveyou iloveyou1
   sunshine princess football baseball basketball superman spiderman batman123 trustno1 whatever starwars computer
   internet jennifer michelle charlie1 michael1 jordan23 liverpool chelsea1 arsenal1 monkey123 dragon123 master123
   shadow123 killer123 hunter12 secret123 mustang1 corvette mercedes samsung1 blink182 pokemon1 cheese123 freedom1
   nepal123 kathmandu india123 australia sydney123 melbourne leopard1 leopard123 immigrate immigration`.split(
    /\s+/,
  ),
);

/**
 * What is wrong with a password by Django's default rules, in Django's words and order; empty when it is fine.
 * Lengths are in characters (code points).
 */
export function passwordProblems(password: string, owner: PasswordOwner = {}): string[] {
  const problems: string[] = [];
  const similar = similarTo(password, owner);
  if (similar) problems.push(`The password is too similar to the ${similar}.`);
  if ([...password].length < SHORTEST) {
    problems.push(`This password is too short. It must contain at least ${SHORTEST} characters.`);
  }
  if (COMMON.has(password.toLowerCase().trim())) problems.push('This password is too common.');
  if (/^\p{Nd}+$/u.test(password)) problems.push('This password is entirely numeric.');
  return problems;
}

function similarTo(password: string, owner: PasswordOwner): string | null {
  const attributes = {
    username: owner.username,
    'first name': owner.firstName,
    'last name': owner.lastName,
    'email address': owner.email,
  };
  const given = [...password.toLowerCase()];
  for (const [label, value] of Object.entries(attributes)) {
    if (!value) continue;
    const whole = value.toLowerCase();
    const parts = [...whole.split(/[^\p{L}\p{N}\p{M}_]+/u), whole].map((part) => [...part]);
    if (parts.some((part) => mayCompare(given, part) && likeness(given, part) >= TOO_SIMILAR)) return label;
  }
  return null;
}

/** Django does not hold a short name against a long password. */
function mayCompare(password: readonly string[], part: readonly string[]): boolean {
  return !(password.length >= 10 * part.length && part.length < (TOO_SIMILAR / 2) * password.length);
}

/** The share of characters that two texts have in common, in any order (Python's SequenceMatcher.quick_ratio). */
function likeness(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const character of b) left.set(character, (left.get(character) ?? 0) + 1);
  let common = 0;
  for (const character of a) {
    const count = left.get(character) ?? 0;
    if (count > 0) common++;
    left.set(character, count - 1);
  }
  return (2 * common) / (a.length + b.length || 1);
}
