import type { EventsConfig } from './types.js';

const toAssignee = [{ field: 'assigned_to' }];

/**
 * The tracked entities and the handlers of their events. Checked at the start (operations/check-config.ts); after a
 * change of what is tracked, `leopard migrate` renews the capture triggers.
 */
export const EVENTS: EventsConfig = {
  entities: {
    Client: {
      table: 'immigration_client',
      fields: ['assigned_to', 'stage', 'active'],
      empty: ['passport', 'profile_picture'],
    },
    Task: { table: 'immigration_task', fields: ['assigned_to', 'status'] },
    Note: { table: 'immigration_note', fields: [] },
    VisaApplication: {
      table: 'immigration_visaapplication',
      fields: ['status', 'assigned_to'],
    },
    CollegeApplication: {
      table: 'immigration_collegeapplication',
      fields: ['stage', 'assigned_to'],
    },
  },

  events: {
    'Client.assigned_to.UPDATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'ASSIGNED',
            description_template:
              '{?new_assigned_to:Client assigned to {assigned_to_name}|Client unassigned}',
          },
        },
        {
          handler: 'notification',
          config: {
            type: 'CLIENT_ASSIGNED',
            title_template: 'Client assigned',
            message_template: 'Client {client_name} has been assigned to you',
            recipients: toAssignee,
          },
        },
      ],
    },
    'Client.stage.UPDATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'STAGE_CHANGED',
            description_template: 'Client converted to {new_stage} from {old_stage}',
          },
        },
        {
          handler: 'notification',
          config: {
            type: 'CLIENT_STAGE_CHANGED',
            title_template: 'Client stage changed',
            message_template: 'Client {client_name} moved from {old_stage} to {new_stage}',
            recipients: [...toAssignee, { role: 'BRANCH_ADMIN', scope: 'branch' }],
          },
        },
      ],
    },
    'Client.DELETE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'CLIENT_DELETED',
            description_template: 'Client {client_name} was archived',
          },
        },
      ],
    },
    'Task.CREATE': {
      handlers: [
        {
          handler: 'client_activity',
          condition: { kind: 'has_linked_client' },
          config: { activity_type: 'TASK_CREATED', description_template: 'Task "{task_title}" created' },
        },
      ],
    },
    'Task.assigned_to.UPDATE': {
      handlers: [
        {
          handler: 'notification',
          config: {
            type: 'TASK_ASSIGNED',
            title_template: 'Task assigned',
            message_template: 'Task "{task_title}" has been assigned to you',
            recipients: toAssignee,
          },
        },
      ],
    },
    'Note.CREATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: { activity_type: 'NOTE_ADDED', description_template: 'Note added' },
        },
      ],
    },
    'VisaApplication.CREATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'VISA_APPLICATION_CREATED',
            description_template: 'Visa Application created: {visa_type_name}',
          },
        },
      ],
    },
    'VisaApplication.assigned_to.UPDATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'ASSIGNED',
            description_template:
              '{?new_assigned_to:Visa Application {visa_type_name} assigned to {assigned_to_name}|Visa Application {visa_type_name} unassigned}',
          },
        },
        {
          handler: 'notification',
          config: {
            type: 'VISA_APPLICATION_ASSIGNED',
            title_template: 'Visa application assigned',
            message_template:
              'The visa application {visa_type_name} of {client_name} has been assigned to you',
            recipients: toAssignee,
          },
        },
      ],
    },
    'CollegeApplication.CREATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'COLLEGE_APPLICATION_CREATED',
            description_template: 'College Application created: {course_name} at {institute_name}',
          },
        },
      ],
    },
    'CollegeApplication.assigned_to.UPDATE': {
      handlers: [
        {
          handler: 'client_activity',
          config: {
            activity_type: 'ASSIGNED',
            description_template:
              '{?new_assigned_to:College Application for {institute_name} assigned to {assigned_to_name}|College Application for {institute_name} unassigned}',
          },
        },
        {
          handler: 'notification',
          config: {
            type: 'APPLICATION_ASSIGNED',
            title_template: 'Application assigned',
            message_template: 'The application of {client_name} to {institute_name} has been assigned to you',
            recipients: toAssignee,
          },
        },
      ],
    },
  },

  alertRoles: ['SUPER_ADMIN'],
};
