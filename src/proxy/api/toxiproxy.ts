/** Toxiproxy's HTTP API, version 2: the same paths, statuses and texts (TOXIPROXY_API.md says where we differ). */
import type { Proxies } from '../engine/proxies.js';
import type { NamedProxy, ProxyOptions } from '../engine/proxy.js';
import type { Toxic } from '../engine/toxic-chain.js';
import { firstJsonValue } from './first-json.js';
import { asApiError } from './http.js';
import { ApiError, type ApiRequest, type ApiResponse, type Route } from './route.js';
import { Serial } from './serial.js';
import * as bodies from './toxiproxy-bodies.js';

/** The first version whose features we all have; clients choose their verbs by it. */
const version = '2.12.0';
const json = 'application/json';

/** The endpoints over `proxies`. What changes them runs one after the other, and never while a body is awaited. */
export function toxiproxyRoutes(proxies: Proxies): readonly Route[] {
  const api = new ToxiproxyApi(proxies);
  const proxy = '/proxies/:proxy';
  const toxics = `${proxy}/toxics`;
  const toxic = `${toxics}/:toxic`;
  const versionText = `{"version": "${version}"}\n`;
  return [
    {
      method: 'GET',
      path: '/version',
      handle: () => ({ status: 200, text: versionText, contentType: `${json};charset=utf-8` }),
    },
    { method: 'GET', path: '/proxies', handle: () => api.list() },
    { method: 'POST', path: '/proxies', handle: (request) => api.create(request) },
    { method: 'POST', path: '/populate', handle: (request) => api.populate(request) },
    { method: 'POST', path: '/reset', handle: () => api.reset() },
    { method: 'GET', path: proxy, handle: (request) => ({ status: 200, body: proxyJson(api.proxy(request)) }) },
    { method: 'POST', path: proxy, handle: (request) => api.update(request) },
    { method: 'PATCH', path: proxy, handle: (request) => api.update(request) },
    { method: 'DELETE', path: proxy, handle: (request) => api.remove(request) },
    { method: 'GET', path: toxics, handle: (request) => api.listToxics(request) },
    { method: 'POST', path: toxics, handle: (request) => api.addToxic(request) },
    { method: 'GET', path: toxic, handle: (request) => api.showToxic(request) },
    { method: 'POST', path: toxic, handle: (request) => api.updateToxic(request) },
    { method: 'PATCH', path: toxic, handle: (request) => api.updateToxic(request) },
    { method: 'DELETE', path: toxic, handle: (request) => api.removeToxic(request) },
  ];
}

class ToxiproxyApi {
  readonly #proxies: Proxies;
  readonly #changes = new Serial();

  constructor(proxies: Proxies) {
    this.#proxies = proxies;
  }

  /** The proxy that the path names. @throws ApiError 404 */
  proxy(request: ApiRequest): NamedProxy {
    const proxy = this.#proxies.get(request.param('proxy'));
    if (proxy === undefined) throw new ApiError(404, 'proxy not found');
    return proxy;
  }

  /** Written by hand: an object of JavaScript would put names that are numbers first, and choke on `__proto__`. */
  list(): ApiResponse {
    const proxies = [...this.#proxies.list()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    const fields = proxies.map((proxy) => `${JSON.stringify(proxy.name)}:${JSON.stringify(proxyJson(proxy))}`);
    return { status: 200, text: `{${fields.join(',')}}`, contentType: json };
  }

  async create(request: ApiRequest): Promise<ApiResponse> {
    const body = await request.text();
    return this.#changes.run(async () => {
      return { status: 201, body: proxyJson(await createProxy(this.#proxies, firstJsonValue(body))) };
    });
  }

  async populate(request: ApiRequest): Promise<ApiResponse> {
    const done: NamedProxy[] = [];
    try {
      const body = await request.text();
      await this.#changes.run(async () => {
        const wanted = bodies.readProxyBodies(firstJsonValue(body)).map((proxy) => ({
          ...proxy,
          toxics: bodies.readToxicBodies(proxy.toxics),
        }));
        for (const proxy of wanted) done.push(await this.#createOrReplace(proxy));
      });
    } catch (error) {
      const known = asApiError(error);
      if (known === undefined) throw error;
      throw new ApiError(known.status, known.message, { proxies: done.map(proxyJson) });
    }
    return { status: 201, body: { proxies: done.map(proxyJson) } };
  }

  async update(request: ApiRequest): Promise<ApiResponse> {
    const body = await request.text();
    return this.#changes.run(async () => {
      const proxy = this.proxy(request);
      const change = bodies.readProxyChange(firstJsonValue(body));
      const isMoved = change.listen !== undefined && !proxy.listensAt(change.listen);
      if (isMoved || (change.upstream ?? proxy.upstream) !== proxy.upstream) mayBeTouched(proxy);
      await proxy.update(change);
      return { status: 200, body: proxyJson(proxy) };
    });
  }

  remove(request: ApiRequest): Promise<ApiResponse> {
    return this.#changes.run(async () => {
      const proxy = this.proxy(request);
      mayBeTouched(proxy);
      await this.#proxies.remove(proxy.name);
      return { status: 204 };
    });
  }

  /** All are reset, even if one can't listen any more. */
  reset(): Promise<ApiResponse> {
    return this.#changes.run(async () => {
      const failures: unknown[] = [];
      for (const proxy of this.#proxies.list()) {
        proxy.setToxics([]);
        await proxy.update({ enabled: true }).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
      return { status: 204 };
    });
  }

  listToxics(request: ApiRequest): ApiResponse {
    return { status: 200, body: bodies.toxicsJson(this.proxy(request).toxics) };
  }

  showToxic(request: ApiRequest): ApiResponse {
    return { status: 200, body: bodies.toxicJson(toxicOf(this.proxy(request), request)) };
  }

  async addToxic(request: ApiRequest): Promise<ApiResponse> {
    const body = await request.text();
    const proxy = this.proxy(request);
    const toxic = bodies.readToxicBody(firstJsonValue(body), proxy.toxics);
    proxy.setToxics([...proxy.toxics, toxic]);
    return { status: 200, body: bodies.toxicJson(toxic) };
  }

  async updateToxic(request: ApiRequest): Promise<ApiResponse> {
    const body = await request.text();
    const proxy = this.proxy(request);
    const old = toxicOf(proxy, request);
    const toxic = bodies.readToxicChange(firstJsonValue(body), old);
    proxy.setToxics(proxy.toxics.map((other) => (other === old ? toxic : other)));
    return { status: 200, body: bodies.toxicJson(toxic) };
  }

  removeToxic(request: ApiRequest): ApiResponse {
    const proxy = this.proxy(request);
    const gone = toxicOf(proxy, request);
    proxy.setToxics(proxy.toxics.filter((toxic) => toxic !== gone));
    return { status: 204 };
  }

  /** One of populate's: what is there already stays as it is, what is there with other addresses makes room. */
  async #createOrReplace(wanted: ProxyOptions): Promise<NamedProxy> {
    const old = this.#proxies.get(wanted.name);
    if (old === undefined) return this.#proxies.create(wanted);
    if (old.listensAt(wanted.listen) && old.upstream === wanted.upstream) return old;
    mayBeTouched(old);
    const { name, listen, upstream, toxics } = old;
    await this.#proxies.remove(name);
    try {
      return await this.#proxies.create(wanted);
    } catch (error) {
      // As Toxiproxy leaves it: the old one is still there, and stopped.
      await this.#proxies.create({ name, listen, upstream, toxics, enabled: false });
      throw error;
    }
  }
}

/** Makes the proxy that the value describes. @throws ApiError 400, 409; AddressError */
export async function createProxy(proxies: Proxies, value: unknown): Promise<NamedProxy> {
  const wanted = bodies.readProxyBody(value);
  if (proxies.get(wanted.name) !== undefined) throw new ApiError(409, 'proxy already exists');
  return proxies.create({ ...wanted, toxics: bodies.readToxicBodies(wanted.toxics) });
}

/** What is the cluster's own can be switched off and made sick, but not removed or moved. @throws ApiError 400 */
function mayBeTouched({ name, heldBy }: NamedProxy): void {
  if (heldBy === '') return;
  throw new ApiError(
    400,
    `${name} can't be removed or moved, ${heldBy}: disable it, or cut its links with POST /rules`,
  );
}

/** The toxic of `proxy` that the path names. @throws ApiError 404 */
function toxicOf(proxy: NamedProxy, request: ApiRequest): Toxic {
  const name = request.param('toxic');
  const toxic = proxy.toxics.find((candidate) => candidate.name === name);
  if (toxic === undefined) throw new ApiError(404, 'toxic not found');
  return toxic;
}

function proxyJson({ name, listen, upstream, enabled, toxics }: NamedProxy): unknown {
  return { name, listen, upstream, enabled, toxics: bodies.toxicsJson(toxics) };
}
