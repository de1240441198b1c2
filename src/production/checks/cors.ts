import type { Config } from '../../config/config.js';
import { type Line, ok, type ProductionCheck, problem, warning } from '../check.js';

const STREAM = 'NOTIFICATION_STREAM_ALLOWED_ORIGIN';

/** Checks which pages may use the API in their visitors' browsers: named ones, by https. */
export const corsCheck: ProductionCheck = {
  name: 'cors',
  async run({ config }) {
    const lines = [...config.corsOrigins.flatMap(ofOrigin), ...ofStream(config), ...ofFrontEnd(config)];
    if (lines.length > 0) return lines;
    const { corsOrigins: origins } = config;
    return [
      ok(
        origins.length > 0
          ? `only named origins, by https: ${origins.join(', ')}`
          : "only agencies' own hosts",
      ),
    ];
  },
};

function ofOrigin(origin: string): Line[] {
  const setting = 'CORS_ALLOWED_ORIGINS';
  if (origin.startsWith('http:'))
    return [
      problem(
        `${setting} admits ${origin}, whose pages anybody on the way can change`,
        `write it with https in ${setting}`,
      ),
    ];
  // The text after the last star says which domains the pattern is limited to.
  const host = origin.replace(/^https:\/\//, '').replace(/:[^:]*$/, '');
  const fixed = host.slice(host.lastIndexOf('*') + 1);
  if (host.includes('*') && (!fixed.startsWith('.') || fixed.split('.').length < 3))
    return [
      problem(
        `${setting} admits ${origin}, so pages of strangers`,
        `list the origins of your front ends in ${setting}`,
      ),
    ];
  if (origin.includes('*'))
    return [
      warning(
        `${setting} admits ${origin}, so every page below it`,
        `list the origins of your front ends in ${setting}`,
      ),
    ];
  return [];
}

function ofStream({ notificationStreamAllowedOrigin: origin }: Config): Line[] {
  if (origin === '*')
    return [
      warning(
        `${STREAM} is *: any page may open a stream with a token that it has`,
        `set ${STREAM} to the origin of your front end`,
      ),
    ];
  if (origin.startsWith('http:'))
    return [
      problem(
        `${STREAM} is ${origin}, whose pages anybody on the way can change`,
        `write it with https in ${STREAM}`,
      ),
    ];
  return [];
}

function ofFrontEnd({ accounts, useHttps }: Config): Line[] {
  if (!useHttps || !accounts.frontEndUrl.startsWith('http:')) return [];
  return [
    problem(
      `links to set a password lead to ${accounts.frontEndUrl}, without https`,
      'write FRONT_END_URL with https',
    ),
  ];
}
