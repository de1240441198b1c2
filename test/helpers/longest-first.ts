import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The slowest files, slowest first. Where no earlier run is remembered, as on a CI machine, Vitest starts with the
 * largest files, which are not the slowest: one of these, begun at the end, keeps one worker busy and the others idle.
 * The suites of bad input go together, as each reads the database anew only after a write (helpers/written.ts); time
 * measurements come after the interleaved operations, which leave little of a second processor.
 */
const LONGEST = [
  'test/docs/extending.test.ts',
  'test/deployment/install.test.ts',
  'test/bad-input/body.test.ts',
  'test/bad-input/query.test.ts',
  'test/bad-input/multipart.test.ts',
  'test/isolation/interleaving.test.ts',
  'test/isolation/statements.test.ts',
  'test/provisioning/killed.test.ts',
  'test/hostile/hostile-user.test.ts',
  'test/start/newcomer.test.ts',
  'test/backup/point-in-time.test.ts',
  'test/backup/restored-tenant.test.ts',
  'test/upgrades/major-upgrade.test.ts',
  'src/events/worker/deaths.test.ts',
  'src/events/worker/dispatcher.test.ts',
  'src/events/worker/failures.test.ts',
  'src/events/worker/segments.test.ts',
  'test/imports/large-file.test.ts',
  'src/cli/seed.test.ts',
  'test/auth/log-in.test.ts',
  'test/start/embedded.test.ts',
  'test/start/start.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return place < 0 ? LONGEST.length : place;
    };
    const others = await super.sort(files);
    return others.sort((a, b) => rank(a) - rank(b));
  }
}
