/**
 * An addition of the program to the recorded contract. `of` names operations (`GET /api/v1/clients/`), or the places of
 * fields: a component of the documentation that bodies or answers use (`ClientOutput`), or an object within one
 * (`VisaDashboard.status_breakdown`).
 */
export type Addition =
  | { readonly operations: readonly string[] }
  | { readonly parameters: readonly string[]; readonly of: readonly string[] }
  | { readonly answers: readonly number[]; readonly of: readonly string[] }
  | { readonly fields: readonly string[]; readonly of: readonly string[] }
  /** Claims of access and refresh tokens. */
  | { readonly claims: readonly string[] }
  /** A maximum of a field for which the contract names none: `{ maxLength: 100, of: ['TaskCreateRequest.tags[]'] }`. */
  | { readonly maxLength: number; readonly of: readonly string[] }
  | { readonly maxItems: number; readonly of: readonly string[] }
  | { readonly maxProperties: number; readonly of: readonly string[] }
  /** A content type of `immigration` with the four permissions on it; `name` is what the permissions call it. */
  | { readonly model: string; readonly name: string }
  /** One more permission on a model, such as `export_client`, "Can export clients". */
  | { readonly permission: string; readonly name: string; readonly on: string };

/**
 * Everything beyond the recorded contract. Each test that holds the program against the contract reads this list: what
 * is neither in the contract nor here fails, and so does what is here and not in the program.
 */
export const ADDITIONS: readonly Addition[] = [
  { operations: ['GET /', 'GET /api/public/branding/', 'GET /api/v1/search/', 'GET /api/v1/deadlines/'] },
  { operations: ['GET /health/live', 'GET /health/ready'] },
  { operations: ['GET /internal/tls/ask/', 'GET /admin/'] },
  {
    operations: [
      'GET /api/v1/sessions/',
      'DELETE /api/v1/sessions/{id}/',
      'POST /api/v1/sessions/end-all/',
      'GET /api/v1/users/{id}/sessions/',
      'POST /api/v1/users/{id}/end-sessions/',
      'DELETE /api/v1/users/{id}/sessions/{session}/',
      'POST /api/v1/users/change-password/',
      'POST /api/v1/users/{id}/set-password/',
    ],
  },
  { answers: [429], of: ['POST /api/token/'] },
  {
    operations: [
      'POST /api/token/second-factor/',
      'POST /api/token/second-factor/enrolment/totp/',
      'POST /api/token/second-factor/enrolment/totp/confirm/',
      'POST /api/token/second-factor/enrolment/passkey/',
      'POST /api/token/second-factor/enrolment/passkey/confirm/',
      'POST /api/token/passkey/',
      'POST /api/token/passkey/options/',
      'GET /api/v1/second-factor/',
      'POST /api/v1/second-factor/totp/',
      'POST /api/v1/second-factor/totp/confirm/',
      'POST /api/v1/second-factor/totp/remove/',
      'POST /api/v1/second-factor/recovery-codes/',
      'POST /api/v1/second-factor/passkeys/options/',
      'GET /api/v1/second-factor/passkeys/',
      'POST /api/v1/second-factor/passkeys/',
      'GET /api/v1/second-factor/passkeys/{id}/',
      'PATCH /api/v1/second-factor/passkeys/{id}/',
      'POST /api/v1/second-factor/passkeys/{id}/remove/',
      'GET /api/v1/users/second-factor/',
      'GET /api/v1/users/{id}/second-factor/',
      'POST /api/v1/users/{id}/second-factor/reset/',
    ],
  },
  { fields: ['code'], of: ['TenantTokenObtainPairRequest'] },
  { parameters: ['Last-Event-ID'], of: ['GET /api/v1/notifications/stream/'] },
  { claims: ['sid', 'iss', 'aud'] },
  {
    operations: [
      'GET /api/v1/clients/export/',
      'POST /api/v1/clients/bulk/assign/',
      'POST /api/v1/clients/bulk/stage/',
      'POST /api/v1/clients/bulk/archive/',
      'POST /api/v1/clients/bulk/restore/',
    ],
  },
  {
    parameters: [
      'agent',
      'assigned_to',
      'branch',
      'created_after',
      'created_before',
      'updated_after',
      'updated_before',
    ],
    of: ['GET /api/v1/clients/', 'GET /api/v1/clients/stage-counts/'],
  },
  {
    parameters: [
      'active',
      'email',
      'first_name',
      'include_deleted',
      'last_name',
      'search',
      'stage',
      'visa_category',
    ],
    of: ['GET /api/v1/clients/stage-counts/'],
  },
  {
    operations: [
      'GET /api/v1/client-imports/',
      'POST /api/v1/client-imports/',
      'GET /api/v1/client-imports/{id}/',
      'PATCH /api/v1/client-imports/{id}/',
      'DELETE /api/v1/client-imports/{id}/',
      'POST /api/v1/client-imports/{id}/encoding/',
      'POST /api/v1/client-imports/{id}/dry-run/',
      'POST /api/v1/client-imports/{id}/run/',
      'POST /api/v1/client-imports/{id}/cancel/',
      'POST /api/v1/client-imports/{id}/undo/',
      'GET /api/v1/client-imports/{id}/failures/',
      'GET /api/v1/client-imports/{id}/not-undone/',
    ],
  },
  {
    fields: ['remind_days_before'],
    of: ['ProficiencyRequest', 'PatchedProficiencyRequest', 'PassportRequest', 'PatchedPassportRequest'],
  },
  {
    parameters: ['assigned_to', 'created_after', 'created_before', 'created_by'],
    of: ['GET /api/v1/college-applications/'],
  },
  { fields: ['TOTAL'], of: ['VisaDashboard.status_breakdown'] },
  { operations: ['GET /api/v1/audit/', 'GET /api/v1/audit/{id}/'] },
  { operations: ['GET /api/v1/clients/{id}/personal-data/', 'POST /api/v1/clients/{id}/erase/'] },
  { operations: ['GET /api/v1/security-log/', 'GET /api/v1/security-log/{id}/'] },
  {
    operations: [
      'POST /api/v1/visa-categories/',
      'GET /api/v1/visa-categories/{id}/',
      'PUT /api/v1/visa-categories/{id}/',
      'PATCH /api/v1/visa-categories/{id}/',
      'DELETE /api/v1/visa-categories/{id}/',
    ],
  },
  {
    operations: [
      'GET /api/v1/webhooks/',
      'POST /api/v1/webhooks/',
      'GET /api/v1/webhooks/event-types/',
      'GET /api/v1/webhooks/{id}/',
      'PATCH /api/v1/webhooks/{id}/',
      'DELETE /api/v1/webhooks/{id}/',
      'POST /api/v1/webhooks/{id}/enable/',
      'POST /api/v1/webhooks/{id}/disable/',
      'POST /api/v1/webhooks/{id}/rotate-secret/',
      'POST /api/v1/webhooks/{id}/test/',
      'GET /api/v1/deliveries/',
      'POST /api/v1/deliveries/retry/',
      'POST /api/v1/deliveries/cancel/',
      'GET /api/v1/deliveries/{id}/',
      'POST /api/v1/deliveries/{id}/retry/',
      'POST /api/v1/deliveries/{id}/cancel/',
    ],
  },
  {
    operations: [
      'GET /api/v1/agency-settings/',
      'PATCH /api/v1/agency-settings/',
      'GET /api/v1/starter-catalogues/',
      'POST /api/v1/starter-catalogues/load/',
    ],
  },
  {
    operations: [
      'GET /api/v1/reports/',
      'GET /api/v1/reports/client-stages/',
      'GET /api/v1/reports/stage-conversions/',
      'GET /api/v1/reports/time-in-stage/',
      'GET /api/v1/reports/visa-applications/',
      'GET /api/v1/reports/visa-decisions/',
      'GET /api/v1/reports/college-applications/',
      'GET /api/v1/reports/workload/',
      'GET /api/v1/reports/lead-sources/',
    ],
  },
  {
    maxLength: 100_000,
    of: [
      'AgentCreateRequest.description',
      'AgentUpdateRequest.description',
      'ApplicationTypeCreateRequest.description',
      'ApplicationTypeUpdateRequest.description',
      'ClientCreateRequest.description',
      'ClientUpdateRequest.description',
      'CollegeApplicationCreateRequest.notes',
      'CollegeApplicationUpdateRequest.notes',
      'CourseRequest.description',
      'EventCreateRequest.description',
      'InstituteIntakeRequest.description',
      'InstituteRequirementRequest.description',
      'LanguageExamRequest.description',
      'PatchedAgentUpdateRequest.description',
      'PatchedClientUpdateRequest.description',
      'PatchedCourseRequest.description',
      'PatchedEventUpdateRequest.description',
      'PatchedInstituteIntakeRequest.description',
      'PatchedInstituteRequirementRequest.description',
      'PatchedLanguageExamRequest.description',
      'PatchedTaskUpdateRequest.detail',
      'PatchedTaskUpdateRequest.linked_entity_type',
      'PatchedVisaApplicationUpdateRequest.notes',
      'PatchedVisaTypeUpdateRequest.description',
      'StageCreateRequest.description',
      'StageUpdateRequest.description',
      'TaskCreateRequest.detail',
      'TaskCreateRequest.linked_entity_type',
      'TaskUpdateRequest.detail',
      'TaskUpdateRequest.linked_entity_type',
      'TenantTokenObtainPairRequest.username',
      'TenantTokenObtainPairRequest.password',
      'TokenBlacklistRequest.refresh',
      'TokenRefreshRequest.refresh',
      'TokenVerifyRequest.token',
      'VisaApplicationCreateRequest.notes',
      'VisaTypeCreateRequest.description',
    ],
  },
  { maxLength: 10_000, of: ['TaskCommentRequest.comment'] },
  { maxLength: 1_024, of: ['PatchedUserUpdateRequest.password', 'UserCreateRequest.password'] },
  {
    maxLength: 1_000,
    of: [
      'PatchedVisaApplicationUpdateRequest.required_documents[]',
      'PatchedVisaTypeUpdateRequest.checklist[]',
      'RequiredDocument.name',
      'VisaApplicationCreateRequest.required_documents[]',
      'VisaTypeCreateRequest.checklist[]',
    ],
  },
  {
    maxLength: 100,
    of: ['PatchedTaskUpdateRequest.tags[]', 'TaskCreateRequest.tags[]', 'TaskUpdateRequest.tags[]'],
  },
  { maxItems: 10_000, of: ['BulkMarkReadRequest.notification_ids'] },
  {
    maxItems: 1_000,
    of: [
      'GroupCreateRequest.permission_ids',
      'GroupUpdateRequest.permission_ids',
      'PatchedGroupUpdateRequest.permission_ids',
      'PatchedUserUpdateRequest.branch_ids',
      'PatchedUserUpdateRequest.region_ids',
      'PatchedVisaApplicationUpdateRequest.required_documents',
      'PatchedVisaTypeUpdateRequest.checklist',
      'StageReorderRequest.stages',
      'UserCreateRequest.branch_ids',
      'UserCreateRequest.region_ids',
      'UserPermissionAssignmentRequest.permission_ids',
      'VisaApplicationCreateRequest.required_documents',
      'VisaTypeCreateRequest.checklist',
    ],
  },
  {
    maxItems: 100,
    of: ['PatchedTaskUpdateRequest.tags', 'TaskCreateRequest.tags', 'TaskUpdateRequest.tags'],
  },
  { maxProperties: 1_000, of: ['PatchedReminderRequest.meta_info', 'ReminderCreateRequest.meta_info'] },
  {
    operations: [
      'POST /api/password-reset/',
      'POST /api/password-reset/confirm/',
      'POST /api/password-change/',
      'POST /api/v1/users/{id}/invite/',
      'POST /api/v1/users/{id}/unlock/',
    ],
  },
  { fields: ['invite'], of: ['UserCreateRequest'] },
  { fields: ['current_password'], of: ['PatchedUserUpdateRequest'] },
  { answers: [429], of: ['PATCH /api/v1/users/{id}/'] },
];

const VERBS = ['add', 'change', 'delete', 'view'];

/** Returns the names of the fields that are added at this place, such as `ClientOutput`. */
export function addedFields(place: string): string[] {
  return ADDITIONS.flatMap((added) => ('fields' in added && added.of.includes(place) ? added.fields : []));
}

/** Returns the claims of tokens that are added to the contract's. */
export function addedClaims(): string[] {
  return ADDITIONS.flatMap((added) => ('claims' in added ? added.claims : []));
}

/** Returns the content types that are added to the contract's. */
export function addedModels(): { model: string; name: string }[] {
  return ADDITIONS.flatMap((added) => ('model' in added ? [added] : []));
}

/**
 * Returns the permissions that are added to the contract's: four for each model, and those that are listed one by one.
 */
export function addedPermissions(): { model: string; codename: string; name: string }[] {
  return ADDITIONS.flatMap((added) => {
    if ('permission' in added) return [{ model: added.on, codename: added.permission, name: added.name }];
    if (!('model' in added)) return [];
    const { model, name } = added;
    return VERBS.map((verb) => ({ model, codename: `${verb}_${model}`, name: `Can ${verb} ${name}` }));
  });
}
