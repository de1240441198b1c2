import type { Config } from '../../config/config.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

const RECOMMENDED_LENGTH = 50;
/** Minimum number of different characters; a random key of the recommended length has about 35. */
const FEWEST_CHARACTERS = 12;
const SAMPLE = /insecure|change.?me|secret|password|passwort|example|leopard|default|test/i;
const GENERATE = 'generate one: openssl rand -base64 48';

/** Checks that nobody guesses the key that signs log-ins, and that former keys do not stay for ever. */
export const secretKeyCheck: ProductionCheck = {
  name: 'secret key',
  async run({ config }) {
    const { secretKey, secretKeyFallbacks: fallbacks } = config;
    const lines = ofKey(secretKey, config);
    if (fallbacks.length > 0) {
      lines.push(
        warning(
          `SECRET_KEY_FALLBACKS still holds ${fallbacks.length} former ${fallbacks.length === 1 ? 'key' : 'keys'}`,
          'run leopard second_factor reseal, then remove the setting',
        ),
      );
    }
    return lines.length > 0 ? lines : [ok('SECRET_KEY is long and looks random')];
  },
};

function ofKey(key: string, { database }: Pick<Config, 'database'>): Line[] {
  const passwords = database.kind === 'server' ? [database.app.password, database.owner?.password] : [];
  if (passwords.includes(key)) return [problem('SECRET_KEY is a password of the database too', GENERATE)];
  if (new Set(key).size < FEWEST_CHARACTERS)
    return [problem('SECRET_KEY has few different characters, so it can be guessed', GENERATE)];
  if (/^(.{1,25}?)\1+/.exec(key)?.[0].length === key.length)
    return [problem('SECRET_KEY repeats one short text, so it can be guessed', GENERATE)];
  if (SAMPLE.test(key)) return [warning('SECRET_KEY holds a word, as samples do', GENERATE)];
  if (key.length < RECOMMENDED_LENGTH)
    return [warning(`SECRET_KEY has ${key.length} characters, fewer than ${RECOMMENDED_LENGTH}`, GENERATE)];
  return [];
}
