import { ok, type ProductionCheck, problem } from '../check.js';

/** Checks that conveniences for development are off. */
export const debugCheck: ProductionCheck = {
  name: 'debug',
  run: async ({ config }) => [
    config.debug
      ? problem(
          'DEBUG is on: localhost may use the API from any page, and keys are made up',
          'set DEBUG=false',
        )
      : ok('DEBUG is off'),
  ],
};
