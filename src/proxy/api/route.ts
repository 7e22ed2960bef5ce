/** What an endpoint is, what it is asked and what it answers; and which endpoint a method and a path mean. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** A request that was matched to a route. */
export interface ApiRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** A variable segment of the route's path, decoded. */
  param(name: string): string;
  /** The whole body. @throws ApiError 413 */
  text(): Promise<string>;
  /** The one JSON value of the body; bytes after it are ignored. @throws ApiError 400, 413 */
  json(): Promise<unknown>;
}

export type ApiResponse =
  /** JSON; without `body` an empty answer. */
  | { readonly status: number; readonly body?: unknown }
  | { readonly status: number; readonly text: string; readonly contentType: string }
  /** Writes by itself, as long as it likes; it has to bound what waits for a client that does not read. */
  | { readonly stream: (response: ServerResponse) => void };

export interface Route {
  readonly method: string;
  /** E.g. `/proxies/:proxy/toxics/:toxic`. */
  readonly path: string;
  handle(request: ApiRequest): Promise<ApiResponse> | ApiResponse;
}

/** What a client can read: `{"error":…,"status":…}`, and whatever else belongs to it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, text: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(text);
    this.status = status;
    this.extra = extra;
  }
}

export type Found =
  | { readonly route: Route; readonly params: ReadonlyMap<string, string> }
  /** The methods that the path has. */
  | { readonly allowed: readonly string[] }
  | undefined;

/** `path` is decoded; a variable segment takes anything but nothing. */
export function findRoute(routes: readonly Route[], method: string, path: string): Found {
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchPath(route.path, path);
    if (params === undefined) continue;
    if (route.method === method) return { route, params };
    allowed.push(route.method);
  }
  return allowed.length > 0 ? { allowed } : undefined;
}

function matchPath(pattern: string, path: string): Map<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params = new Map<string, string>();
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] as string;
    if (segment.startsWith(':') && value !== '') params.set(segment.slice(1), value);
    else if (segment !== value) return undefined;
  }
  return params;
}
