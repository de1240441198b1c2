import { withChoices } from './choice-filters.js';

type Node = { [key: string]: unknown };
type Content = Record<string, Node>;
interface Operation {
  readonly parameters?: readonly Parameters<typeof withChoices>[0][];
  readonly requestBody?: { content: Content };
  responses: Record<string, { readonly content?: Content }>;
}

const JSON_TYPE = 'application/json';
const FILE_TYPE = 'text/csv';

/**
 * Returns the document without what says the same again or is no part of the client: the forms in which JSON bodies may
 * be sent too, examples, the answers about errors, which are alike everywhere, and pages and streams.
 */
export function withoutRepetitions(document: Node): Node {
  const paths = document.paths as Record<string, Record<string, Operation>>;
  const kept: Node = {};
  for (const [path, operations] of Object.entries(paths)) {
    const shown = Object.entries(operations)
      .filter(([, operation]) => isCalled(operation))
      .map(([method, operation]) => [method, short(operation)]);
    if (shown.length > 0) kept[path] = Object.fromEntries(shown);
  }
  return { ...document, paths: kept };
}

/** Returns whether an operation answers with JSON, with a file, or with nothing. */
function isCalled({ responses }: Operation): boolean {
  return successes(responses).every(
    ([, { content }]) => !content || JSON_TYPE in content || FILE_TYPE in content,
  );
}

function short(operation: Operation): Operation {
  const { parameters, requestBody, responses } = operation;
  return {
    ...operation,
    ...(parameters && { parameters: parameters.map(withChoices) }),
    ...(requestBody && { requestBody: { ...requestBody, content: usualForm(requestBody.content) } }),
    responses: Object.fromEntries(successes(responses)),
  };
}

function usualForm(content: Content): Content {
  const { [JSON_TYPE]: json } = content;
  if (!json) return content;
  const { example: _example, ...rest } = json;
  return { [JSON_TYPE]: rest };
}

function successes(responses: Operation['responses']) {
  return Object.entries(responses).filter(([status]) => status.startsWith('2'));
}
