/** The introduction of the API document, in Markdown. */
export const INTRODUCTION = `Clients, applications and daily work of immigration and study-abroad agencies.

## Hosts

Each agency has host names of its own, such as \`main.localhost\`; the host that is asked decides whose records are
meant. A host of nobody is answered 404, that of a suspended agency 403.

## Log in

\`POST /api/token/\` with \`username\` (or e-mail address) and \`password\` gives an \`access\` and a \`refresh\` token. Send the
first as \`Authorization: Bearer …\`; \`POST /api/token/refresh/\` gives new ones. On this page: run *POST /api/token/*
(*Try it out*), copy \`access\` from its answer, press *Authorize*, paste it, and every other request is made as that user.

A user with a second factor gets 401 with \`"code": "second_factor_required"\` and a \`challenge\`, and goes on with
\`POST /api/token/second-factor/\`; or sends \`code\` with name and password. Where the agency requires one and there is none
yet, the code is \`second_factor_enrolment_required\`: the routes below \`second-factor/enrolment/\` set it up.

What a user sees and may do follows from the group (SUPER_ADMIN, REGION_MANAGER, BRANCH_ADMIN, CONSULTANT), its
permissions, and the user's branches and regions.

## Lists

\`page\` and \`page_size\` choose a part; the answer has \`count\`, \`next\`, \`previous\` and \`results\`. Filters can be combined:
all of them must hold. A filter on text finds it anywhere in the field, whatever the case; one that takes several values is
repeated (\`status=PENDING&status=IN_PROGRESS\`). An empty value counts as not given.

A page with more than a megabyte of long texts cuts them, and names their fields in the header \`X-Truncated-Fields\`; the
record by its id has them whole.

## Bodies

JSON, or a form (\`application/x-www-form-urlencoded\`, \`multipart/form-data\`). Days are \`2026-03-31\`, moments
\`2026-03-31T09:00:00Z\`; days begin in the agency's time zone. PATCH changes the fields that it names.
Every text and list has a maximum (\`maxLength\`, \`maxItems\`): beyond it, 400.

## Errors

400 names what is wrong by field: \`{"email": ["Enter a valid email address."]}\`. 401, 403, 404 and 405 have a \`detail\`.
503 comes with \`Retry-After\`; 507 says that there is no room for a file. Every answer has an \`X-Request-Id\`: tell it to
whoever runs the service when something went wrong.
`;

/** The introduction of the operators' API document, in Markdown. */
export const PLATFORM_INTRODUCTION = `What operators of the platform see of agencies and do to them, on the bare hosts
alone. No route reads an agency's records.

## Log in

\`POST /api/platform/v1/login/\` with \`username\` and \`password\` gives a \`challenge\` and the \`next\` step: a code of the second
factor (\`login/second-factor/\`), or its set-up (\`login/enrol/\`). That gives an \`access\` and a \`refresh\` token; send the first
as \`Authorization: Bearer …\`. Tokens of agencies are no good here.`;
