/** What Toxiproxy's endpoints are sent, checked in its order and with its texts, and what they answer. */
import type { Toxic } from '../engine/toxic-chain.js';
import { toxicKinds } from '../toxics/index.js';
import type { ToxicAttributes, ToxicKind } from '../toxics/toxic-kind.js';
import { badBody } from './first-json.js';
import { GoObject } from './go-object.js';
import { ApiError } from './route.js';

/** A proxy as a client wants it. */
export interface ProxyBody {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  /** Not read yet; ours, Toxiproxy ignores them. */
  readonly toxics: readonly unknown[];
}

/** In a URL it has to fit a line. */
const nameCharsMax = 1_000;

/** Reads a new proxy; `at` is its place in a list, for the error texts. @throws ApiError 400 */
export function readProxyBody(value: unknown, at = ''): ProxyBody {
  const body = new GoObject(value, 'a proxy');
  const proxy = {
    name: body.text('name') ?? '',
    listen: body.text('listen') ?? '',
    upstream: body.text('upstream') ?? '',
    enabled: body.bool('enabled') ?? true,
    toxics: body.list('toxics') ?? [],
  };
  if (proxy.name === '') throw new ApiError(400, `missing required field: name${at}`);
  if (proxy.upstream === '') throw new ApiError(400, `missing required field: upstream${at}`);
  checkName(proxy.name, at);
  return proxy;
}

/** Reads the list that `populate` takes. @throws ApiError 400 */
export function readProxyBodies(value: unknown): readonly ProxyBody[] {
  if (value !== null && !Array.isArray(value)) throw badBody('json: cannot unmarshal a single value into a list');
  return ((value ?? []) as unknown[]).map((entry, index) => readProxyBody(entry, ` at proxy ${index + 1}`));
}

/** Reads a change of a proxy; what is missing stays. @throws ApiError 400 */
export function readProxyChange(value: unknown): { listen?: string; upstream?: string; enabled?: boolean } {
  const body = new GoObject(value, 'a proxy');
  const listen = body.text('listen');
  const upstream = body.text('upstream');
  const enabled = body.bool('enabled');
  return {
    ...(listen !== undefined && { listen }),
    ...(upstream !== undefined && { upstream }),
    ...(enabled !== undefined && { enabled }),
  };
}

/** Reads a new toxic for a proxy that has the toxics `others`. @throws ApiError 400, 409 */
export function readToxicBody(value: unknown, others: readonly Toxic[]): Toxic {
  const body = new GoObject(value, 'a toxic');
  const stream = body.text('stream') ?? 'downstream';
  const type = body.text('type') ?? '';
  const name = body.text('name') || `${type}_${stream}`;
  const toxicity = body.number('toxicity') ?? 1;
  const given = body.object('attributes');
  if (!/^(upstream|downstream)$/i.test(stream)) {
    throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  }
  const kind = toxicKinds.find((candidate) => candidate.type === type);
  if (kind === undefined) throw new ApiError(400, 'invalid toxic type');
  checkName(name);
  if (others.some((other) => other.name === name)) throw new ApiError(409, 'toxic already exists');
  return { name, kind, stream, toxicity, attributes: readAttributes(kind, given, {}) };
}

/** Reads the toxics of a new proxy. @throws ApiError 400, 409 */
export function readToxicBodies(values: readonly unknown[]): readonly Toxic[] {
  const toxics: Toxic[] = [];
  for (const value of values) toxics.push(readToxicBody(value, toxics));
  return toxics;
}

/** `toxic` with the attributes and the toxicity that the body names; all else in it is ignored. @throws ApiError 400 */
export function readToxicChange(value: unknown, toxic: Toxic): Toxic {
  const body = new GoObject(value, 'a toxic');
  const toxicity = body.number('toxicity') ?? toxic.toxicity;
  return { ...toxic, toxicity, attributes: readAttributes(toxic.kind, body.object('attributes'), toxic.attributes) };
}

/** Exactly the attributes of the kind: as given, else as they are, else their defaults. */
function readAttributes(kind: ToxicKind, given: GoObject, current: ToxicAttributes): ToxicAttributes {
  const attributes: Record<string, number> = {};
  for (const { name, form, fallback, least } of kind.attributes) {
    const value = (form === 'integer' ? given.integer(name) : given.number(name)) ?? current[name] ?? fallback;
    if (value < least) throw new ApiError(400, `${name} is ${value}: give at least ${least}`);
    attributes[name] = value;
  }
  return attributes;
}

/** With such a name a thing could be made but, over HTTP, never be reached again. */
function checkName(name: string, at = ''): void {
  const isReachable = !name.includes('/') && name !== '.' && name !== '..' && name.length <= nameCharsMax;
  if (isReachable) return;
  const shown = name.length > nameCharsMax ? `of ${name.length} characters` : JSON.stringify(name);
  throw new ApiError(400, `invalid name ${shown}${at}: a path could not hold it, choose a short one without "/"`);
}

/** A toxic as it is answered. */
export function toxicJson({ attributes, name, kind, stream, toxicity }: Toxic): unknown {
  return { attributes, name, type: kind.type, stream, toxicity };
}

/** Upstream ones first; as they were added within each direction. */
export function toxicsJson(toxics: readonly Toxic[]): readonly unknown[] {
  const isUp = ({ stream }: Toxic): boolean => stream.toLowerCase() === 'upstream';
  return [...toxics.filter(isUp), ...toxics.filter((toxic) => !isUp(toxic))].map(toxicJson);
}
