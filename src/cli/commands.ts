import type { Command } from 'commander';
import type { CliContext } from './context.js';

/** A function that adds one command to the program; every file of a command exports one. */
type AddCommand = (program: Command, context: CliContext) => void;

/** A command whose file is loaded on demand: loading all files takes longer than most commands take to run. */
export interface LazyCommand {
  /** Its current and former names, with underscores between words. */
  readonly names: readonly string[];
  readonly load: () => Promise<AddCommand>;
  /** Subcommands that can be added alone, where the whole command loads far more than they need. */
  readonly alone?: ReadonlyMap<string, () => Promise<AddCommand>>;
}

/** All commands, in the order in which help lists them. */
export const COMMANDS: readonly LazyCommand[] = [
  { names: ['serve'], load: async () => (await import('./serve.js')).addServeCommand },
  {
    names: ['migrate', 'migrate_schemas'],
    load: async () => (await import('./migrate.js')).addMigrateCommand,
  },
  {
    names: ['makemigration'],
    load: async () => (await import('./makemigration.js')).addMakeMigrationCommand,
  },
  {
    names: ['showmigrations'],
    load: async () => (await import('./showmigrations.js')).addShowMigrationsCommand,
  },
  { names: ['database'], load: async () => (await import('./database.js')).addDatabaseCommand },
  { names: ['cells'], load: async () => (await import('./cells.js')).addCellsCommand },
  { names: ['upgrade'], load: async () => (await import('./upgrade.js')).addUpgradeCommand },
  {
    names: ['tenants'],
    load: async () => (await import('./tenants.js')).addTenantsCommand,
    alone: new Map([['list', async () => (await import('./tenants-list.js')).addTenantsListAlone]]),
  },
  {
    names: ['register_tenant', 'deregister_tenant'],
    load: async () => (await import('./tenant-commands.js')).addTenantCommands,
  },
  {
    names: ['createsuperuser'],
    load: async () => (await import('./createsuperuser.js')).addCreateSuperuserCommand,
  },
  {
    names: ['create_super_super_admin'],
    load: async () => (await import('./createsuperuser.js')).addCreateOperatorCommand,
  },
  {
    names: ['setup_role_permissions'],
    load: async () => (await import('./setup-role-permissions.js')).addSetupRolePermissionsCommand,
  },
  {
    names: ['assign_user_scope'],
    load: async () => (await import('./assign-user-scope.js')).addAssignUserScopeCommand,
  },
  { names: ['keys'], load: async () => (await import('./keys.js')).addKeysCommand },
  { names: ['users'], load: async () => (await import('./users.js')).addUsersCommand },
  {
    names: ['second_factor'],
    load: async () => (await import('./second-factor.js')).addSecondFactorCommand,
  },
  { names: ['operators'], load: async () => (await import('./operators.js')).addOperatorsCommand },
  { names: ['catalogue'], load: async () => (await import('./catalogue.js')).addCatalogueCommand },
  { names: ['pictures'], load: async () => (await import('./pictures.js')).addPicturesCommand },
  { names: ['seed', 'seed_data'], load: async () => (await import('./seed.js')).addSeedCommand },
  { names: ['events'], load: async () => (await import('./events.js')).addEventsCommand },
  {
    names: ['events_status', 'events_pause', 'events_resume', 'events_cleanup'],
    load: async () => (await import('./events.js')).addOldEventCommands,
  },
  { names: ['jobs'], load: async () => (await import('./jobs.js')).addJobsCommand },
  { names: ['process_reminders'], load: async () => (await import('./jobs.js')).addProcessRemindersCommand },
  { names: ['webhooks'], load: async () => (await import('./webhooks.js')).addWebhooksCommand },
  { names: ['deliveries'], load: async () => (await import('./deliveries.js')).addDeliveriesCommand },
  { names: ['clients'], load: async () => (await import('./clients.js')).addClientsCommand },
  {
    names: ['security_log'],
    load: async () => (await import('./security-log.js')).addSecurityLogCommand,
  },
  { names: ['backup'], load: async () => (await import('./backup.js')).addBackupCommand },
  { names: ['restore'], load: async () => (await import('./restore.js')).addRestoreCommand },
  { names: ['shell'], load: async () => (await import('./shell.js')).addShellCommand },
  { names: ['dbshell'], load: async () => (await import('./dbshell.js')).addDbShellCommand },
  { names: ['top'], load: async () => (await import('./top.js')).addTopCommand },
  { names: ['doctor'], load: async () => (await import('./doctor.js')).addDoctorCommand },
  { names: ['scaffold'], load: async () => (await import('./scaffold.js')).addScaffoldCommand },
];

/** Returns the commands that have the name, in either spelling: none or one. */
export function commandsNamed(name: string): readonly LazyCommand[] {
  const known = name.replaceAll('-', '_');
  return COMMANDS.filter(({ names }) => names.includes(known));
}
