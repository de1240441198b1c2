/** A grey square of eight by eight pixels in each format of pictures, by extension. */
const PICTURES: Readonly<Record<string, Buffer>> = {
  png: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEUlEQVQImWOYtXQjVsQwtCQAbdh8AdVgEDIAAAAASUVORK5CYII=',
    'base64',
  ),
  jpg: Buffer.from(
    '/9j/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAb/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAwT/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCvAUgf/9k=',
    'base64',
  ),
  gif: Buffer.from('R0lGODlhCAAIAIAAAExpcZqlsSH5BAUAAAAALAAAAAAIAAgAAAIHjI+py+1dAAA7', 'base64'),
  webp: Buffer.from('UklGRi4AAABXRUJQVlA4ICIAAABwAQCdASoIAAgAAUAmJZQCdAFAAAD+7r2YMttinJj0TAAA', 'base64'),
};

/** Number of bytes of the content that stands in place of a file's, by its extension; none for other extensions. */
export const SUBSTITUTE_SIZES: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(PICTURES).map(([extension, { length }]) => [extension, length]),
);

/** Returns what stands in place of a file's content: a picture of the same format, or nothing. */
export function substituteFor(path: string): Buffer {
  return PICTURES[path.slice(path.lastIndexOf('.') + 1)] ?? Buffer.alloc(0);
}
