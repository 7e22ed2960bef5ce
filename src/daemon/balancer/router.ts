/** Clients and operators at the balancer: where shall I go, who are the members. */
import { clientLimits, type FrameConnection } from '../../net/index.js';
import type { Members, Message, Route, Routed } from '../../wire/index.js';
import { plainWelcome } from '../hello-gate.js';
import { zero16 } from '../members.js';
import type { Registrar } from './registrar.js';

/** Answers every question at once from the registrar's table; keeps nothing per connection. */
export class Router {
  readonly #registrar: Registrar;
  readonly #connections = new Set<FrameConnection>();
  readonly #answered: Record<Routed['status'], number> = { ok: 0, notReady: 0, mostFail: 0 };

  constructor(registrar: Registrar) {
    this.#registrar = registrar;
  }

  /** Clients and operators connected now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Route requests ever answered, by answer. */
  get answered(): Readonly<Record<Routed['status'], number>> {
    return this.#answered;
  }

  /** Takes over a connection whose hello has the role client or operator. */
  accept(connection: FrameConnection): void {
    this.#connections.add(connection);
    connection.useLimits(clientLimits);
    const { clusterId, epoch } = this.#registrar.seal ?? { clusterId: zero16, epoch: 0 };
    connection.send(plainWelcome({ clusterId, epoch }));
    connection.attach({
      onMessage: (message) => this.#onMessage(connection, message),
      onClose: () => this.#connections.delete(connection),
    });
  }

  stop(): void {
    for (const connection of this.#connections) {
      connection.goodbye('SHUTTING_DOWN', 'the balancer stops: go on with the servers you know');
    }
  }

  abandon(): void {
    for (const connection of this.#connections) connection.abandon('destroyed');
  }

  #onMessage(connection: FrameConnection, message: Message): void {
    if (message.type === 'route') {
      const answer = this.route(message);
      this.#answered[answer.status]++;
      connection.send(answer);
    } else if (message.type === 'membersRequest') connection.send(this.members(message.request));
    else {
      connection.refuse(
        'PROTOCOL_ERROR',
        `a ${message.type} does not belong to a balancer: is this a server's address?`,
      );
    }
  }

  /** The answer to a route request (BEHAVIOUR.md 3.4). */
  route(route: Route): Routed {
    const registrar = this.#registrar;
    const failed = route.kind === 'retry' ? route.failed : '';
    const up = registrar.live().length;
    const answer = {
      type: 'routed' as const,
      request: route.request,
      address: '',
      registered: registrar.registered,
      up,
      servers: registrar.servers,
      addresses: registrar
        .table()
        .map(({ address }) => address)
        .filter((address) => address !== ''),
    };
    if (registrar.seal === undefined) return { ...answer, status: 'notReady' };
    if (failed !== '') registrar.complained(failed);
    if (up * 2 <= registrar.servers) return { ...answer, status: 'mostFail' };
    const chosen = registrar.place(failed);
    // A single server that is said to have failed: nobody is left to go to until our own probe knows better.
    return chosen === undefined
      ? { ...answer, status: 'mostFail' }
      : { ...answer, status: 'ok', address: chosen.address };
  }

  /** The member table for `status`. */
  members(request: number): Members {
    const { seal, servers } = this.#registrar;
    return {
      type: 'members',
      request,
      sealed: seal !== undefined,
      clusterId: seal?.clusterId ?? zero16,
      epoch: seal?.epoch ?? 0,
      servers,
      members: this.#registrar.table(),
    };
  }
}
