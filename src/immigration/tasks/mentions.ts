/** A place in a text where somebody may be mentioned. */
export interface MentionPlace {
  /** Where its "@" stands, in characters from the text's beginning. */
  readonly start: number;
  /** The usernames that may be meant, the longest first. */
  readonly usernames: readonly string[];
}

const LONGEST_USERNAME = 150;
/** Only so many marks are looked at: a text of nothing else would ask for too many names. */
const MOST_PLACES = 100;

const inUsername = (character: string | undefined) =>
  character !== undefined && /[\p{L}\p{N}_.@+-]/u.test(character);
const inWord = (character: string | undefined) =>
  character !== undefined && /[\p{L}\p{M}\p{N}_]/u.test(character);

/**
 * The places where `@username` may mention somebody: followed by a space, punctuation or the end, and not part of a
 * word itself, as in an e-mail address. A username may hold punctuation, so that several may be meant.
 */
export function mentionPlaces(text: string): MentionPlace[] {
  const characters = [...text];
  const places: MentionPlace[] = [];
  for (const [start, character] of characters.entries()) {
    if (character !== '@' || inWord(characters[start - 1])) continue;
    if (places.length === MOST_PLACES) break;
    const usernames: string[] = [];
    let username = '';
    for (let end = start + 1; end <= start + LONGEST_USERNAME && inUsername(characters[end]); end++) {
      username += characters[end];
      if (!inWord(characters[end + 1])) usernames.unshift(username);
    }
    if (usernames.length > 0) places.push({ start, usernames });
  }
  return places;
}
