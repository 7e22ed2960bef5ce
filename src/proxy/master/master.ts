/**
 * `--master`: stands in for the balancer towards servers and clients, and puts a listener of its own in place of every
 * server's address that passes, so that it carries every link between servers without any other setting.
 */
import { formatAddress } from '../../base/index.js';
import type { Hello, Routed, Sealed, ServerId } from '../../wire/index.js';
import { splitAddress } from '../engine/go-address.js';
import type { Proxies } from '../engine/proxies.js';
import type { NamedProxy } from '../engine/proxy.js';
import { noTranslation, type Translate, translations } from '../engine/translate.js';
import { AddressMap } from './address-map.js';

export interface MasterOptions {
  /** `host:port` of the real balancer. */
  readonly balancer: string;
  /** Where servers and clients call instead. */
  readonly listen: string;
}

type Both = { readonly up: Translate; readonly down: Translate };

export class Master {
  readonly #proxies: Proxies;
  readonly #options: MasterOptions;
  readonly #map = new AddressMap();
  /** One for each server, kept from the moment it is made: two servers may be told of a third at once. */
  readonly #standIns = new Map<ServerId, Promise<NamedProxy>>();
  #front: NamedProxy | undefined;

  constructor(proxies: Proxies, options: MasterOptions) {
    this.#proxies = proxies;
    this.#options = options;
  }

  /** `host:port` where servers and clients call. */
  get address(): string {
    return this.#front?.listen ?? this.#options.listen;
  }

  /** @throws AddressError when the port is busy. */
  async start(): Promise<void> {
    const { listen, balancer } = this.#options;
    this.#front = await this.#proxies.create({
      name: 'balancer',
      listen,
      upstream: balancer,
      enabled: true,
      listenerEnd: 'balancer',
      expectsFrames: true,
      heldBy: 'it stands in for the balancer (--master)',
      translations: (role) => this.#frontTranslations(role),
    });
  }

  /** What passes between the balancer and its callers. */
  #frontTranslations(role: Hello['role']): Both {
    if (role === 'registrant')
      return { up: noTranslation, down: translations({ sealed: (sealed) => this.#sealed(sealed) }) };
    const map = this.#map;
    return {
      up: translations({ route: (route) => ({ ...route, failed: map.real(route.failed) }) }),
      down: translations({
        routed: (routed) => this.#routed(routed),
        members: (members) => ({
          ...members,
          members: members.members.map((member) => ({ ...member, address: map.proxied(member.address) })),
        }),
      }),
    };
  }

  /** A server that this proxy has not heard of yet would be reached around it: until then nobody is sent there. */
  #routed(routed: Routed): Routed {
    const addresses = routed.addresses
      .filter((address) => this.#map.knows(address))
      .map((one) => this.#map.proxied(one));
    if (routed.status !== 'ok' || this.#map.knows(routed.address)) {
      return { ...routed, address: this.#map.proxied(routed.address), addresses };
    }
    return { ...routed, status: 'notReady', address: '', registered: addresses.length, addresses };
  }

  /** What passes between a server and its callers. */
  #serverTranslations(role: Hello['role']): Both {
    const map = this.#map;
    // A server that was called says where its caller can be reached: without this it would dial around the proxy.
    if (role === 'server') {
      const address = (hello: Hello): string => map.ofServer(hello.serverId)?.proxied ?? hello.address;
      return { up: translations({ hello: (hello) => ({ ...hello, address: address(hello) }) }), down: noTranslation };
    }
    const standing = translations({
      standing: (message) => ({
        ...message,
        addresses: message.addresses.map((address) => map.proxied(address)),
      }),
    });
    return { up: noTranslation, down: standing };
  }

  async #sealed(sealed: Sealed): Promise<Sealed> {
    // The message's bytes are a view of what was received: what outlives this turn is copied.
    const clusterId = Uint8Array.from(sealed.clusterId);
    const kept = sealed.members.map(({ id, birthId, address }) => ({ id, birthId: Uint8Array.from(birthId), address }));
    const members = await Promise.all(
      kept.map(async (member) => ({ ...member, address: await this.#standIn(member.id, member.address) })),
    );
    return { ...sealed, clusterId, members };
  }

  /** The proxy's address for a server, which is at `real` from now on. */
  async #standIn(id: ServerId, real: string): Promise<string> {
    // Not known yet, or already one of ours.
    if (real === '' || this.#map.isProxied(real)) return real;
    const made = this.#standIns.get(id) ?? this.#make(id, real);
    this.#standIns.set(id, made);
    try {
      const proxy = await made;
      proxy.follow(real);
      this.#map.set({ id, real, proxied: proxy.listen });
      return proxy.listen;
    } catch (error) {
      this.#standIns.delete(id);
      throw error;
    }
  }

  #make(id: ServerId, real: string): Promise<NamedProxy> {
    const { host } = splitAddress(this.#options.listen);
    let name = `server-${id}`;
    // Somebody's own proxy of that name stays his.
    while (this.#proxies.get(name) !== undefined) name = `synod-${name}`;
    return this.#proxies.create({
      name,
      listen: formatAddress(host === '' ? '127.0.0.1' : host, 0),
      upstream: real,
      enabled: true,
      listenerEnd: id,
      expectsFrames: true,
      heldBy: `it stands in for server ${id} (--master)`,
      translations: (role) => this.#serverTranslations(role),
    });
  }
}
