/** What a request line names: a decoded path and a query; and whether the path is written as it should be. */
import path from 'node:path';

export interface Target {
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Where the same thing is found, when the path has empty or dotted segments. */
  readonly movedTo: string | undefined;
}

/** Undefined when the target can't be decoded. */
export function readTarget(url: string): Target | undefined {
  const question = url.indexOf('?');
  const written = question === -1 ? url : url.slice(0, question);
  const search = question === -1 ? '' : url.slice(question);
  const decoded = decode(withoutOrigin(written));
  if (decoded === undefined) return undefined;
  const clean = path.posix.normalize(`/${decoded}`);
  const isClean = clean === decoded || decoded === '*';
  const movedTo = isClean ? undefined : clean.split('/').map(encodeURIComponent).join('/') + search;
  return { path: decoded, query: new URLSearchParams(search), movedTo };
}

/** A client that takes us for its web proxy names the whole address. */
function withoutOrigin(written: string): string {
  return written.replace(/^https?:\/\/[^/]*/i, '') || '/';
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // A lone "%" or bytes that are no UTF-8.
  }
}
