/** Lets a list of faults happen during the safety phase, and brings back servers that went down. */
import { assert } from '../../src/base/index.js';
import type { ServerId } from '../../src/wire/index.js';
import type { LinkFaults } from '../support/link-faults.js';
import type { SimClient } from './client.js';
import type { DueFault } from './fault.js';
import { type Kernel, tags } from './kernel.js';
import type { SimBalancer } from './library/balancer.js';
import { logFile, type SimServer } from './server.js';

export interface FaultsParts {
  readonly kernel: Kernel;
  readonly linkFaults: LinkFaults;
  readonly servers: readonly SimServer[];
  readonly clients: readonly SimClient[];
  readonly balancer: SimBalancer | undefined;
}

export class Faults {
  readonly #parts: FaultsParts;
  #on = true;
  #rules = 0;

  constructor(parts: FaultsParts, faults: readonly DueFault[]) {
    this.#parts = parts;
    for (const fault of faults) {
      parts.kernel.at(fault.atUs, tags.fault, () => {
        if (this.#on) this.#happen(fault);
      });
    }
  }

  /** No new fault begins; those under way go on. */
  end(): void {
    this.#on = false;
  }

  get on(): boolean {
    return this.#on;
  }

  /** A server that went down comes back after a while. */
  scheduleRestart(server: SimServer, afterUs: number): void {
    this.#after(afterUs, () => server.start());
  }

  #happen(fault: DueFault): void {
    switch (fault.kind) {
      case 'crash':
        for (const id of fault.servers) this.#server(id)?.crash(fault.forUs);
        return;
      case 'stop':
        for (const id of fault.servers) this.#server(id)?.stop(fault.forUs);
        return;
      case 'pause':
        this.#server(fault.server)?.pause(fault.forUs);
        return;
      case 'links':
        return this.#cut(fault);
      case 'full':
        return this.#fill(fault);
      case 'diskError':
        this.#server(fault.server)?.disk.inject(fault.operation, 'EIO', logFile);
        return;
      case 'damage':
        this.#server(fault.server)?.damage(fault.way, fault.place);
        return;
      case 'empty':
        this.#server(fault.server)?.lose(fault.forUs);
        return;
      case 'decide':
        this.#server(fault.server)?.decide(fault);
        return;
      case 'wallJump':
        this.#server(fault.server)?.clock?.jumpWall(fault.byMs);
        return;
      case 'wallFreeze': {
        const clock = this.#server(fault.server)?.clock;
        clock?.freezeWall(true);
        return this.#after(fault.forUs, () => clock?.freezeWall(false));
      }
      case 'clockRate': {
        const clock = this.#server(fault.server)?.clock;
        clock?.setRate(fault.rate);
        return this.#after(fault.forUs, () => clock?.setRate(undefined));
      }
      case 'away':
        this.#parts.clients[fault.client - 1]?.leave(fault.forUs);
        return;
      case 'cable':
        this.#parts.clients[fault.client - 1]?.cutCable?.(fault.forUs);
        return;
      case 'stall':
        this.#parts.clients[fault.client - 1]?.stall?.(fault.forUs);
        return;
      case 'balancer':
        this.#parts.balancer?.crash();
        this.#after(fault.forUs, () => this.#parts.balancer?.start());
    }
  }

  #cut({ rules, forUs }: Extract<DueFault, { kind: 'links' }>): void {
    const { linkFaults } = this.#parts;
    this.#rules++;
    const ids = linkFaults.set(...rules.map((rule, at) => ({ ...rule, id: `fault ${this.#rules}.${at + 1}` })));
    this.#after(forUs, () => linkFaults.remove(ids));
  }

  /** No space for new segments; or, as on a disk that copies on write, none for what was prepared either. */
  #fill({ server: id, writes, forUs }: Extract<DueFault, { kind: 'full' }>): void {
    const server = this.#server(id);
    if (writes > 0) {
      server?.disk.inject('write', 'ENOSPC', logFile, writes);
      return;
    }
    server?.setFull(true);
    this.#after(forUs, () => server?.setFull(false));
  }

  /** After the safety phase everything is healed anyway. */
  #after(delayUs: number, act: () => void): void {
    if (!this.#on) return;
    this.#parts.kernel.after(delayUs, tags.fault, () => {
      if (this.#on) act();
    });
  }

  /** A shrunk script may name servers that are not there any more. */
  #server(id: ServerId): SimServer | undefined {
    assert(id > 0, `server ${id}`);
    return this.#parts.servers[id - 1];
  }
}
