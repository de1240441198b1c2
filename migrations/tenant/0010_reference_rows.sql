-- What every tenant starts with. Content types have the same ids everywhere, since front ends store them.

CREATE TEMPORARY TABLE model ON COMMIT DROP AS
SELECT k::integer, model, name
FROM unnest(
  ARRAY[
    'user', 'agent', 'branch', 'broadfield', 'client', 'courselevel', 'institute', 'lpe', 'visacategory', 'visatype',
    'region', 'profilepicture', 'narrowfield', 'instituterequirement', 'institutelocation', 'instituteintake',
    'institutecontactperson', 'course', 'visaapplication', 'task', 'reminder', 'qualification', 'proficiency',
    'passport', 'notification', 'note', 'event', 'employment', 'clientactivity', 'applicationtype', 'stage',
    'collegeapplication', 'calendarevent'
  ],
  ARRAY[
    'user', 'agent', 'branch', 'broad field', 'client', 'course level', 'institute', 'language proficiency exam',
    'visa category', 'visa type', 'region', 'Profile Picture', 'narrow field', 'institute requirement',
    'institute location', 'institute intake', 'institute contact person', 'course', 'visa application', 'task',
    'reminder', 'qualification', 'language proficiency', 'passport', 'notification', 'Note', 'event', 'employment',
    'Client Activity', 'Application Type', 'Stage', 'College Application', 'calendar event'
  ]
) WITH ORDINALITY AS listed (model, name, k);

-- The number is the id, but the existing front end sends 10 for a client.
INSERT INTO django_content_type (id, app_label, model)
SELECT CASE model WHEN 'client' THEN 10 WHEN 'visatype' THEN 5 ELSE k END, 'immigration', model
FROM model ORDER BY 1;
INSERT INTO django_content_type (id, app_label, model) VALUES (34, 'auth', 'group'), (35, 'auth', 'permission');

-- Ids follow the number, not the content type: 4k - 3 … 4k.
INSERT INTO auth_permission (id, name, content_type_id, codename)
SELECT 4 * (k - 1) + place, 'Can ' || verb || ' ' || m.name, c.id, verb || '_' || m.model
FROM model m
JOIN django_content_type c ON c.app_label = 'immigration' AND c.model = m.model
CROSS JOIN unnest(ARRAY['add', 'change', 'delete', 'view']) WITH ORDINALITY AS verbs (verb, place)
ORDER BY 1;
INSERT INTO auth_permission (id, name, content_type_id, codename) VALUES
  (133, 'Can view team calendar events', 33, 'view_team_events'),
  (134, 'Can assign calendar events to other users', 33, 'assign_calendarevent_to_others'),
  (135, 'Can add group', 34, 'add_group'),
  (136, 'Can change group', 34, 'change_group'),
  (137, 'Can delete group', 34, 'delete_group'),
  (138, 'Can view group', 34, 'view_group'),
  (139, 'Can add permission', 35, 'add_permission'),
  (140, 'Can change permission', 35, 'change_permission'),
  (141, 'Can delete permission', 35, 'delete_permission'),
  (142, 'Can view permission', 35, 'view_permission');

INSERT INTO auth_group (id, name) VALUES
  (1, 'SUPER_ADMIN'), (2, 'REGION_MANAGER'), (3, 'BRANCH_ADMIN'), (4, 'CONSULTANT');

-- All that clients are shown, and to see and change groups; branch admins neither change groups nor make branches.
INSERT INTO auth_group_permissions (group_id, permission_id)
SELECT g.id, p.id
FROM auth_group g
CROSS JOIN auth_permission p
JOIN django_content_type c ON c.id = p.content_type_id
WHERE g.name IN ('SUPER_ADMIN', 'BRANCH_ADMIN')
  AND (
    (c.app_label = 'immigration' AND c.model <> 'event')
    OR (c.app_label = 'auth' AND p.codename IN ('view_group', 'change_group'))
  )
  AND NOT (
    g.name = 'BRANCH_ADMIN'
    AND p.codename IN ('add_branch', 'change_branch', 'delete_branch', 'change_group')
  )
ORDER BY g.id, p.id;

INSERT INTO auth_group_permissions (group_id, permission_id)
SELECT g.id, p.id
FROM (
  VALUES
    ('REGION_MANAGER', 'client visaapplication task note profilepicture institute', 'view add change delete'),
    ('REGION_MANAGER', 'branch', 'view add change'),
    ('REGION_MANAGER', 'user', 'view change'),
    ('REGION_MANAGER', 'notification', 'view add'),
    ('REGION_MANAGER', 'clientactivity region', 'view'),
    ('CONSULTANT', 'client visaapplication task note profilepicture', 'view add change'),
    ('CONSULTANT', 'notification user clientactivity institute', 'view')
) AS grants (role, models, verbs)
CROSS JOIN string_to_table(models, ' ') AS granted (model)
CROSS JOIN string_to_table(verbs, ' ') AS verb
JOIN auth_group g ON g.name = role
JOIN django_content_type c ON c.app_label = 'immigration' AND c.model = granted.model
JOIN auth_permission p ON p.content_type_id = c.id AND p.codename = verb || '_' || granted.model
ORDER BY g.id, p.id;

-- Ids given above did not move the identity sequences.
SELECT setval(pg_get_serial_sequence('django_content_type', 'id'), (SELECT max(id) FROM django_content_type));
SELECT setval(pg_get_serial_sequence('auth_permission', 'id'), (SELECT max(id) FROM auth_permission));
SELECT setval(pg_get_serial_sequence('auth_group', 'id'), (SELECT max(id) FROM auth_group));
