import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

/** Ends of names that never lead to a machine of the Internet (RFC 2606, RFC 6761, RFC 6762). */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|test|example|invalid|localdomain|internal)$/;

/** Checks that agencies get host names of the Internet, and that the program answers to no others. */
export const hostsCheck: ProductionCheck = {
  name: 'hosts',
  async run({ config }) {
    const { allowedHosts, baseDomain } = config;
    const lines: Line[] = [];
    if (LOCAL_NAME.test(baseDomain) || !baseDomain.includes('.')) {
      lines.push(
        problem(
          `BASE_DOMAIN is ${baseDomain}, so no agency below it is reached from the Internet`,
          'set BASE_DOMAIN to a domain of yours before the first agency is created',
        ),
      );
    }
    if (allowedHosts.includes('*')) {
      lines.push(
        warning(
          'ALLOWED_HOSTS is *: the registry of agencies alone decides which hosts are answered',
          `set ALLOWED_HOSTS=.${baseDomain} and the agencies' own domains after it, each after a comma`,
        ),
      );
    }
    const broad = allowedHosts.filter((host) => /^\.[^.]+$/.test(host));
    if (broad.length > 0) {
      lines.push(
        warning(
          `ALLOWED_HOSTS admits all of ${broad.join(', ')}`,
          `set ALLOWED_HOSTS=.${baseDomain} instead`,
        ),
      );
    }
    return lines.length > 0 ? lines : [ok(`only ${allowedHosts.join(', ')} are answered`)];
  },
};
