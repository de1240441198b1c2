import type { Command } from 'commander';
import type { CliContext } from './context.js';
import { addCreateTenantCommand } from './create-tenant.js';
import { addDeleteTenantCommand, addUndeleteCommand } from './delete-tenant.js';
import { addMoveTenantCommand } from './move-tenant.js';
import { addCloneCommand, addExportCommand, addImportCommand } from './portable-tenants.js';
import { addRenameCommand } from './rename-tenant.js';
import { addRestoreTenantCommand } from './restored-tenant.js';
import { addShowCommand } from './show-tenant.js';
import { addActivateCommand, addSetCommand, addSuspendCommand } from './tenant-changes.js';
import { addSetDeadlineAlertsCommand, addSetTimeZoneCommand } from './tenant-commands.js';
import { addDomainsCommand } from './tenant-domains.js';
import { addOperationsCommand, addResumeCommand } from './tenant-operations.js';
import { addListCommand } from './tenants-list.js';
import { addRunCommand } from './tenants-run.js';

/** Adds `leopard tenants` with its subcommands. */
export function addTenantsCommand(program: Command, context: CliContext): void {
  const tenants = program.command('tenants').description('create, list, set up, suspend and delete tenants');
  addCreateTenantCommand(tenants.command('create'), context);
  addListCommand(tenants.command('list'), context);
  addShowCommand(tenants.command('show'), context);
  addRenameCommand(tenants.command('rename'), context);
  addSuspendCommand(tenants.command('suspend'), context);
  addActivateCommand(tenants.command('activate'), context);
  addSetCommand(tenants.command('set'), context);
  addSetTimeZoneCommand(tenants.command('set-time-zone'), context);
  addSetDeadlineAlertsCommand(tenants.command('set-deadline-alerts'), context);
  addDomainsCommand(tenants, context);
  addMoveTenantCommand(tenants.command('move'), context);
  addDeleteTenantCommand(tenants.command('delete'), context);
  addExportCommand(tenants.command('export'), context);
  addImportCommand(tenants.command('import'), context);
  addRestoreTenantCommand(tenants.command('restore'), context);
  addCloneCommand(tenants.command('clone'), context);
  addUndeleteCommand(tenants.command('undelete'), context);
  addRunCommand(tenants.command('run'), context);
  addOperationsCommand(tenants.command('operations'), context);
  addResumeCommand(tenants.command('resume'), context);
}
