import type { Command } from 'commander';
import { OperationHeldError } from '../provisioning/operations/errors.js';
import { type ListedOperation, listOperations } from '../provisioning/operations/list.js';
import { schemaOf, shortName } from '../tenancy/tenant-name.js';
import { CliError } from './cli-error.js';
import type { CliContext } from './context.js';
import { OPERATION_KINDS } from './operation-kinds.js';
import { withSteps } from './operation-progress.js';
import { ownerSettings } from './owner-settings.js';
import { formatTable } from './table.js';
import { withDatabase } from './with-database.js';

/** Adds `leopard tenants operations`, which lists operations on tenants. */
export function addOperationsCommand(command: Command, context: CliContext): void {
  command
    .description('list operations on tenants that are not finished: under way, cut off or failed')
    .argument('[tenant]', 'short name or schema')
    .option('--all', 'also those that are over')
    .option('--json', 'print JSON')
    .action((tenant: string | undefined, { all = false, json }: { all?: boolean; json?: boolean }) =>
      withDatabase(context, async (handle) => {
        const schema = tenant === undefined ? {} : { schema: schemaOf(tenant) };
        const list = await listOperations(ownerSettings(handle), { ...schema, finished: all });
        context.show(json, list.map(operationToJson), () =>
          list.length === 0 ? ['there is no unfinished operation'] : operationLines(list),
        );
      }),
    );
}

/** Adds `leopard tenants resume`, which carries unfinished operations on, or undoes them. */
export function addResumeCommand(command: Command, context: CliContext): void {
  command
    .description(
      'carry on operations on tenants that were cut off or failed; those that a process works on are left',
    )
    .argument('[tenant]', 'short name or schema; all when not given')
    .option('--undo', 'undo them, where that is possible')
    .option('--json', 'print JSON')
    .action((tenant: string | undefined, { undo = false, json }: { undo?: boolean; json?: boolean }) =>
      resume(context, tenant, undo, json),
    );
}

async function resume(
  context: CliContext,
  tenant: string | undefined,
  undo: boolean,
  json?: boolean,
): Promise<void> {
  await withDatabase(context, async (handle) => {
    const owner = ownerSettings(handle);
    const schema = tenant === undefined ? {} : { schema: schemaOf(tenant) };
    const list = (await listOperations(owner, schema)).toReversed();
    const results: object[] = [];
    const failures: string[] = [];
    for (const { id, kind, schemas, isRunning } of list) {
      const named = `${kind} of ${shortName(schemas[0]!)}`;
      const failed = (text: string) => {
        failures.push(`${named}: ${text}`);
        results.push({ id, kind, tenant: shortName(schemas[0]!), state: null, error: text });
      };
      if (isRunning) {
        if (tenant !== undefined) failed('a process is working on it');
        continue;
      }
      const load = OPERATION_KINDS[kind];
      if (!load) {
        failed('this version of the program does not know it; use the one that began it');
        continue;
      }
      try {
        const carryOn = await load();
        const means = { config: context.config(), handle };
        const state = await withSteps(context, (steps) => carryOn(means, id, { undo, ...steps }));
        results.push({ id, kind, tenant: shortName(schemas[0]!), state, error: null });
        if (!json) context.print(`${named} is ${state === 'DONE' ? 'done' : 'undone'}`);
      } catch (error) {
        if (error instanceof OperationHeldError && tenant === undefined) continue;
        failed((error as Error).message);
      }
    }
    if (json) context.show(true, results, () => []);
    else if (list.length === 0) context.print('there is no unfinished operation');
    for (const failure of failures) context.warn(failure);
    if (failures.length > 0)
      throw new CliError(`${failures.length} of ${list.length} operations are not finished`);
  });
}

/** Returns an operation in the JSON of commands. */
export function operationToJson(operation: ListedOperation) {
  return {
    id: operation.id,
    kind: operation.kind,
    tenants: operation.schemas.map(shortName),
    state: operation.state,
    is_running: operation.isRunning,
    step: operation.step,
    steps_done: operation.stepsDone,
    progress: operation.progress,
    error: operation.error,
    started_at: operation.startedAt,
    updated_at: operation.updatedAt,
    finished_at: operation.finishedAt,
  };
}

/** Formats operations as a table. */
export function operationLines(list: readonly ListedOperation[]): string[] {
  return formatTable(
    ['ID', 'OPERATION', 'TENANT', 'STATE', 'STEP', 'STARTED', 'ERROR'],
    list.map((operation) => [
      String(operation.id),
      operation.kind,
      operation.schemas.map(shortName).join(' '),
      stateInWords(operation),
      operation.step ?? '',
      operation.startedAt,
      operation.error ?? '',
    ]),
  );
}

function stateInWords({ state, isRunning }: ListedOperation): string {
  if (isRunning || !['RUNNING', 'UNDOING'].includes(state)) return state.toLowerCase();
  return state === 'RUNNING' ? 'cut off' : 'cut off while undoing';
}
