import { agentSamples } from './agents.js';
import { catalogSamples } from './catalog.js';
import { clientSamples } from './clients.js';
import { notificationSamples } from './notifications.js';
import { organisationSamples } from './organisation.js';
import type { ResourceSample, Samples } from './sample.js';

/** By the path in front of the record's id. A route with an id whose path has no entry here fails the suites. */
export const SAMPLES: Samples = {
  ...clientSamples,
  ...agentSamples,
  ...organisationSamples,
  ...notificationSamples,
  ...catalogSamples,
};

/** The sample of the resource that a path belongs to. */
export function sampleOf(path: string): ResourceSample | undefined {
  const prefix = Object.keys(SAMPLES).find((key) => path.startsWith(key));
  return prefix === undefined ? undefined : SAMPLES[prefix];
}
