/** The first JSON value of a text, as Go's decoder reads a stream: what follows it does not matter. */
import { ApiError } from './route.js';

/** A body that can't be used; `why` is what Go's decoder would say. */
export function badBody(why: string): ApiError {
  return new ApiError(400, `bad request body: ${why}`);
}

/** Nothing that we are sent is nested deeper than a handful; what is would exhaust the stack of whoever walks it. */
const depthMax = 32;

/** @throws ApiError 400 when there is none. */
export function firstJsonValue(text: string): unknown {
  const start = text.search(/[^ \t\r\n]/);
  if (start === -1) throw badBody('EOF');
  const end = endOfValue(text, start);
  if (end === undefined) throw badBody('unexpected EOF');
  try {
    return JSON.parse(text.slice(start, end));
  } catch (error) {
    throw badBody((error as SyntaxError).message);
  }
}

/** Where the value that begins at `start` ends, however malformed it may be inside; undefined: it is cut off. */
function endOfValue(text: string, start: number): number | undefined {
  if (!/["[{]/.test(text[start] as string)) return endOfWord(text, start);
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inText && character === '\\') at++;
    else if (character === '"') inText = !inText;
    else if (!inText && (character === '{' || character === '[')) {
      if (++depth > depthMax) throw badBody(`nested deeper than ${depthMax}`);
    } else if (!inText && (character === '}' || character === ']')) depth--;
    if (depth === 0 && !inText) return at + 1;
  }
  return undefined;
}

/** As {@link endOfValue}, for a number, true, false or null. */
function endOfWord(text: string, start: number): number | undefined {
  const length = text.slice(start).search(/[\s,:\]}[{"]/);
  if (length > 0) return start + length;
  const rest = text.slice(start);
  const isCut = ['true', 'false', 'null'].some((word) => word !== rest && word.startsWith(rest));
  return isCut ? undefined : text.length;
}
