const BANNED: readonly RegExp[] = [
  /\bso many\b/i,
  /\bwhat there is\b/i,
  /\bwhom\b/i,
  /\bby (itself|themselves)\b/i,
  /\b(is|are|was|were) told of\b/i,
  /\bhears?\b/i,
  /\b(Floors|Duty|Sleepers?|Handlings|Pulse|Arrivals|lanes?|sights)\b/,
];
const FUNCTION =
  /^(export )?(async )?function\b|^((private|static|override|async) )*#?(?!if\b|for\b|while\b|switch\b|return\b|constructor\b)[a-z]\w*(<[^(]*>)?\(.*[{,(;]$|^(export )?const \w+ =( async)? (<.*>)?\(.*=>|^(export )?const \w+ = (async )?\w+ =>/;
const TYPE = /^(export )?(abstract )?(interface|type|class) /;
/** Words that end like verbs and are none. */
const NOT_VERBS = /^(As|Is|Has|Does|Its|This|Thus|Plus|Less|Always|Besides|Perhaps|Sometimes)$/;
const CLAUSE = /^(What|Who|Whose|Which|Where|When|Whether|How|Why|If|Of|For|To|From|By|In|On|As|Is|Does)\b/;

/** Returns the breaches of the rules by the comments of a TypeScript file, each with its line. */
export function breachesOf(source: string): string[] {
  const breaches: string[] = [];
  for (const { 0: comment, index } of source.matchAll(
    /^[ \t]*\/\*\*[\s\S]*?\*\/|(?<=^|[;,{([}] ?)[ \t]*\/\/ .*$/gm,
  )) {
    const line = source.slice(0, index).split('\n').length;
    const text = comment
      .replaceAll(/^\s*(\/\*\*|\*\/|\*|\/\/)|\*\/$/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    const code = /^\n[ \t]*(\S.*)/.exec(source.slice(index + comment.length))?.[1] ?? '';
    const [first = ''] = text.split(' ');
    const isDoc = comment.trimStart().startsWith('/**');
    const isVerb = /^[A-Z][a-z]+s[,;]?$/.test(first) && !NOT_VERBS.test(first);
    if (isDoc && FUNCTION.test(code) && !isVerb && !text.startsWith('@'))
      breaches.push(`${line} a function's comment begins with a verb, not with "${first}"`);
    if (isDoc && TYPE.test(code) && CLAUSE.test(text))
      breaches.push(`${line} a type's comment begins with a noun, not with "${first}"`);
    breaches.push(...bannedIn(text).map((phrase) => `${line} "${phrase}"`));
  }
  return breaches;
}

/** Returns the phrases of a text that are not used. */
export function bannedIn(text: string): string[] {
  return BANNED.flatMap((phrase) => phrase.exec(text)?.[0] ?? []);
}
