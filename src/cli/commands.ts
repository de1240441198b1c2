import type { Command } from 'commander';
import type { CliContext } from './context.js';

/** Adds one command to the program; every file of a command exports one. */
export type Register = (program: Command, context: CliContext) => void;

/** A command whose file is loaded on demand: loading all files takes longer than most commands take to run. */
export interface LazyCommand {
  /** Its name and its former names, with underscores between words. */
  readonly names: readonly string[];
  readonly load: () => Promise<Register>;
}

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly LazyCommand[] = [
  { names: ['serve'], load: async () => (await import('./serve.js')).registerServe },
  {
    names: ['migrate', 'migrate_schemas'],
    load: async () => (await import('./migrate.js')).registerMigrate,
  },
  {
    names: ['showmigrations'],
    load: async () => (await import('./showmigrations.js')).registerShowMigrations,
  },
  { names: ['tenants'], load: async () => (await import('./tenants.js')).registerTenants },
  {
    names: ['register_tenant', 'deregister_tenant'],
    load: async () => (await import('./tenant-commands.js')).registerTenantRegistration,
  },
  {
    names: ['createsuperuser'],
    load: async () => (await import('./createsuperuser.js')).registerCreateSuperuser,
  },
  {
    names: ['create_super_super_admin'],
    load: async () => (await import('./createsuperuser.js')).registerCreateOperator,
  },
  {
    names: ['setup_role_permissions'],
    load: async () => (await import('./setup-role-permissions.js')).registerSetupRolePermissions,
  },
  {
    names: ['assign_user_scope'],
    load: async () => (await import('./assign-user-scope.js')).registerAssignUserScope,
  },
  { names: ['catalogue'], load: async () => (await import('./catalogue.js')).registerCatalogue },
  { names: ['seed', 'seed_data'], load: async () => (await import('./seed.js')).registerSeed },
  { names: ['events'], load: async () => (await import('./events.js')).registerEvents },
  {
    names: ['events_status', 'events_pause', 'events_resume', 'events_cleanup'],
    load: async () => (await import('./events.js')).registerEventsByOldNames,
  },
  { names: ['jobs'], load: async () => (await import('./jobs.js')).registerJobs },
  { names: ['process_reminders'], load: async () => (await import('./jobs.js')).registerProcessReminders },
  { names: ['webhooks'], load: async () => (await import('./webhooks.js')).registerWebhooks },
  { names: ['deliveries'], load: async () => (await import('./deliveries.js')).registerDeliveries },
  { names: ['shell'], load: async () => (await import('./shell.js')).registerShell },
  { names: ['dbshell'], load: async () => (await import('./dbshell.js')).registerDbShell },
  { names: ['doctor'], load: async () => (await import('./doctor.js')).registerDoctor },
];

/** Returns the commands that have the name, in either spelling: none or one. */
export function commandsNamed(name: string): readonly LazyCommand[] {
  const known = name.replaceAll('-', '_');
  return COMMANDS.filter(({ names }) => names.includes(known));
}
