import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { textError } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { fullName } from '../shared/people.js';
import { isParty } from './actions.js';
import { taskDenied } from './errors.js';
import { MOST_NAMES, mentionPlaces } from './mentions.js';
import { mentionsNotified } from './notify.js';
import type { TaskCommentMention, TaskOutput } from './schemas.js';
import { lockTask } from './selectors.js';
import { changedTask } from './services.js';

const MOST_COMMENTS = 500;
const TOO_MANY_COMMENTS = `A task has at most ${MOST_COMMENTS} comments; go on in a new task.`;
/** Maximum number of places of one comment at which somebody is mentioned. */
const MOST_MENTIONS = 500;

/**
 * Adds a comment to a task, and notifies the users that it mentions.
 * @throws HttpError 404 also for users who are neither assignee, assigner nor in the task's branch; 400, also for a task
 * that has 500 comments
 */
export async function addComment(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<string>,
): Promise<Pending<TaskOutput>> {
  const locking = lockTask(transaction, user, id);
  // Sent together, but counted once the lock is held.
  const counting = transaction.query(sql<{ comments: number }>`
    SELECT CASE jsonb_typeof(comments) WHEN 'array' THEN jsonb_array_length(comments) ELSE 0 END AS comments
    FROM immigration_task WHERE id = ${id}::bigint`);
  const [task, [counted]] = await Promise.all([locking, counting]);
  const isMember = task.branch_id !== null && user.branchIds.includes(task.branch_id);
  if (!isParty(task, user) && !isMember) throw taskDenied();
  const text = body.read();
  if ((counted?.comments ?? 0) >= MOST_COMMENTS) throw textError(400, TOO_MANY_COMMENTS);
  const mentions = await findMentions(transaction, text);
  const changing = sql`
    UPDATE immigration_task t SET
      comments = t.comments || jsonb_build_array(jsonb_build_object(
        'user_id', u.id, 'username', u.username, 'full_name', ${fullName('u')}, 'text', ${text}::text,
        'mentions', ${JSON.stringify(mentions)}::jsonb,
        'created_at', regexp_replace(
          to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '\\.000000', ''))),
      updated_by_id = ${user.id}::bigint, updated_at = now()
    FROM immigration_user u WHERE t.id = ${id}::bigint AND u.id = ${user.id}::bigint
    RETURNING t.*`;
  const userIds = [...new Set(mentions.map(({ user_id }) => user_id))];
  const notifying = userIds.length > 0 ? mentionsNotified(sql`changed`, user, text, userIds) : undefined;
  return changedTask(transaction, changing, notifying);
}

/** Returns a username in the form in which it is stored. */
const storedName = (username: string) => username.normalize('NFKC');

/**
 * Finds the mentioned users by place: the longest matching username of an active user.
 * @throws HttpError 400 for more names than can be looked up, and for more than 500 mentions
 */
async function findMentions(transaction: TenantTransaction, text: string): Promise<TaskCommentMention[]> {
  const places = mentionPlaces(text);
  if (!places) throw textError(400, `A comment may mention at most ${MOST_NAMES} names`);
  const usernames = [...new Set(places.flatMap((place) => place.usernames.map(storedName)))];
  if (usernames.length === 0) return [];
  const people = await transaction.query(sql<{ user_id: number; username: string; full_name: string }>`
    SELECT u.id AS user_id, u.username, ${fullName('u')} AS full_name
    FROM immigration_user u WHERE u.username = ANY (${usernames}::text[]) AND u.is_active`);
  const known = new Map(people.map((person) => [person.username, person]));
  const mentions = places.flatMap(({ start, usernames: candidates }) => {
    const username = candidates.find((candidate) => known.has(storedName(candidate)));
    const person = username === undefined ? undefined : known.get(storedName(username));
    return person && username
      ? [{ ...person, start_pos: start, end_pos: start + 1 + [...username].length }]
      : [];
  });
  if (mentions.length > MOST_MENTIONS)
    throw textError(400, `A comment may mention people at most ${MOST_MENTIONS} times`);
  return mentions;
}
