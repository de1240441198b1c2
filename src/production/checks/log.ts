import { type Line, ok, type ProductionCheck, warning } from '../check.js';

/** Checks that the log tells of errors, and of nothing that only developers need. */
export const logCheck: ProductionCheck = {
  name: 'log',
  async run({ config }) {
    const { logLevel } = config;
    const lines: Line[] = [];
    if (logLevel === 'silent' || logLevel === 'fatal')
      lines.push(warning(`LOG_LEVEL is ${logLevel}: errors leave no trace`, 'set LOG_LEVEL=warn or info'));
    if (logLevel === 'debug' || logLevel === 'trace')
      lines.push(warning(`LOG_LEVEL is ${logLevel}: the log grows fast`, 'set LOG_LEVEL=warn or info'));
    return lines.length > 0 ? lines : [ok(`LOG_LEVEL is ${logLevel}`)];
  },
};
