import { join } from 'node:path';
import { readEnvFile } from '../../config/config.js';
import { knownSettings, unknownSettings } from '../../config/unknown-settings.js';
import { ok, type ProductionCheck, unknown, warning } from '../check.js';

/** Checks that nothing is misspelled, since a setting that nobody reads has no effect. */
export const settingNamesCheck: ProductionCheck = {
  name: 'setting names',
  async run({ directory, environment = {} }) {
    const known = knownSettings();
    if (known.length === 0)
      return [unknown('.env.example is missing, which names all settings', 'copy it from the release again')];
    const file = readEnvFile(join(directory, '.env'));
    const found = unknownSettings({ environment, file }, known);
    if (found.length === 0) return [ok('all are read by the program')];
    return found.map(({ name, near }) =>
      warning(
        `${name} is no setting, and has no effect`,
        near
          ? `write ${near} if that is meant, or remove it`
          : 'remove it, or see .env.example for what is meant',
      ),
    );
  },
};
