/** A code block of a page of documentation, and the file that the text before it names. */
export interface PageBlock {
  /** The file's path from the project's root; a migration's number is `NNNN`. */
  readonly file: string;
  readonly language: string;
  readonly code: string;
}

const PATH_OR_BLOCK = /\n\n`((?:src|test|migrations)\/[\w/.-]+\.(?:ts|sql))`|^```(\w+)\n([\s\S]*?)^```$/gm;
const CARRIED_OUT = ['ts', 'sql', 'diff'];

/**
 * Finds the blocks that a reader of a page would carry out, each with its file: the path with which the last paragraph
 * begins that begins with one.
 */
export function pageBlocks(page: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  let file = '';
  for (const [, path, language = '', code = ''] of page.matchAll(PATH_OR_BLOCK)) {
    if (path) file = path;
    else if (file !== '' && CARRIED_OUT.includes(language)) blocks.push({ file, language, code });
  }
  return blocks;
}

/** Returns a page's part under a heading, up to the next one of the same level. @throws Error if there is none */
export function sectionOf(page: string, heading: string): string {
  const start = page.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`the page has no heading "${heading}"`);
  const end = page.indexOf('\n## ', start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}
