/**
 * The HTTP pages of a server: there from the moment it listens, so that a start that waits can be seen from outside.
 */
import { nodeClock } from '../../base/index.js';
import { type ServerId, seatState, takesOf, upRow } from '../../wire/index.js';
import {
  daemonPages,
  type HttpListener,
  jsonAnswer,
  type Metric,
  type Page,
  processMetrics,
  startHttp,
} from '../http/index.js';
import type { ServerOptions } from '../options.js';
import type { Core } from './core.js';
import { bestCommit, figuresOf } from './figures.js';
import { serverMetrics } from './server-metrics.js';

export interface ServerPagesParts {
  readonly options: () => Pick<ServerOptions, 'http' | 'version' | 'logger' | 'listen'>;
  readonly id: () => ServerId;
  /** Undefined until the server knows its cluster. */
  readonly core: () => Core | undefined;
  /** What it lacks before it does its work. */
  readonly missing: () => string;
  readonly strangers: ReadonlyMap<string, number>;
}

export class ServerPages {
  readonly #parts: ServerPagesParts;
  #metrics: { readonly core: Core | undefined; readonly all: readonly Metric[] } | undefined;

  constructor(parts: ServerPagesParts) {
    this.#parts = parts;
  }

  /** Undefined when no pages are wanted. Rejects with an ExitError for an address that can't be had. */
  async listen(): Promise<HttpListener | undefined> {
    const { http: address, logger } = this.#parts.options();
    if (address === undefined) return undefined;
    const figures: Page = {
      path: '/figures',
      about: 'totals for synod top, as JSON',
      answer: () => jsonAnswer(this.#figures()),
    };
    const pages = daemonPages(
      {
        title: () => `synod server ${this.#parts.id()}`,
        missing: this.#parts.missing,
        status: () => this.#status(),
        metrics: () => this.#allMetrics(),
      },
      [figures],
    );
    const listener = await startHttp({ address, pages, logger });
    logger.info('http-listening', { address: listener.address });
    return listener;
  }

  /** As a row of `synod status --json`; before it knows its cluster, what little there is. */
  #status(): object {
    const core = this.#parts.core();
    if (core === undefined) return { id: this.#parts.id(), state: 'starting', note: this.#parts.missing() };
    const seats = core.members.seats();
    const { id } = core.self;
    return upRow(core.report.status(), {
      address: core.self.address,
      rttMs: null,
      seat: seatState(id, seats, seats.seats),
      takes: takesOf(id, seats.seats),
      committedMax: bestCommit(core.report.measured),
    });
  }

  #figures(): object {
    const core = this.#parts.core();
    return core === undefined ? { starting: true } : figuresOf(core.report.measured, nodeClock.monotonicMs());
  }

  #allMetrics(): readonly Metric[] {
    const core = this.#parts.core();
    if (this.#metrics === undefined || this.#metrics.core !== core) {
      const { version = 'unknown' } = this.#parts.options();
      const own = core === undefined ? [] : serverMetrics(core.report.measured, this.#parts.strangers);
      const ready: Metric = {
        name: 'synod_ready',
        help: '1 while /readyz says 200.',
        kind: 'gauge',
        read: () => Number(this.#parts.missing() === ''),
      };
      this.#metrics = {
        core,
        all: [...processMetrics({ version, role: 'server', clock: nodeClock }), ready, ...own],
      };
    }
    return this.#metrics.all;
  }
}
