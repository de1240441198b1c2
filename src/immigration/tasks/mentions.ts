/** A place in a text where somebody may be mentioned. */
export interface MentionPlace {
  /** The position of its "@", in characters. */
  readonly start: number;
  /** The possible usernames, the longest first. */
  readonly usernames: readonly string[];
}

const LONGEST_USERNAME = 150;
/** Maximum number of names that are looked up; a text of nothing but punctuation could mean far more. */
export const MOST_NAMES = 5_000;

const inUsername = (character: string | undefined) =>
  character !== undefined && /[\p{L}\p{M}\p{N}_.@+-]/u.test(character);
const inWord = (character: string | undefined) =>
  character !== undefined && /[\p{L}\p{M}\p{N}_]/u.test(character);

/**
 * Finds the places where `@username` may mention somebody: followed by a space, punctuation or the end, and not within a
 * word, as in an e-mail address. A username may contain punctuation, so a place may mean several names.
 * @returns null for a text that may mean more than MOST_NAMES names
 */
export function mentionPlaces(text: string): MentionPlace[] | null {
  const characters = [...text];
  const places: MentionPlace[] = [];
  let names = 0;
  for (const [start, character] of characters.entries()) {
    if (character !== '@' || inWord(characters[start - 1])) continue;
    const usernames: string[] = [];
    let username = '';
    for (let end = start + 1; end <= start + LONGEST_USERNAME && inUsername(characters[end]); end++) {
      username += characters[end];
      if (!inWord(characters[end + 1])) usernames.unshift(username);
    }
    if (usernames.length > 0) places.push({ start, usernames });
    names += usernames.length;
    if (names > MOST_NAMES) return null;
  }
  return places;
}
