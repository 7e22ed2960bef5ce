/** The chat's control of faults: a fault proxy's API behind the interface that the terminal asks for. */
import { ExitError, sanitise } from '../base/index.js';
import { cutPreset, delayPreset, lossPreset, PlanError, type PresetBody } from '../proxy/index.js';
import {
  type FaultAction,
  type FaultAnswer,
  type FaultControl,
  type FaultLink,
  type FaultState,
  usageOf,
} from '../tui/index.js';
import { ProxyApi } from './proxy-api.js';

/** A person waits for each call. */
const timeoutMs = 2_000;

/**
 * Faults through the proxy whose control API listens at `address`, `host:port`; `token` as that API may want it.
 * Connects to nothing by itself.
 */
export function faultControl(address: string, token?: string): FaultControl {
  return new ProxyFaults(new ProxyApi(address, { option: '--proxy-api', timeoutMs, token }));
}

class ProxyFaults implements FaultControl {
  readonly #api: ProxyApi;

  constructor(api: ProxyApi) {
    this.#api = api;
  }

  read(): Promise<FaultAnswer> {
    return attempt(async () => {
      const state = await this.#state();
      const faults = state.rules.length + state.toxics.length;
      return { ok: true, text: faults === 1 ? '1 fault' : `${faults === 0 ? 'no' : faults} faults`, state };
    });
  }

  async act(action: FaultAction): Promise<FaultAnswer> {
    let done: string | undefined;
    const answer = await attempt(async () => {
      done = action.kind === 'heal' ? await this.#heal() : await this.#set(action);
      return { ok: true, text: done, state: await this.#state() };
    });
    // The links have changed all the same.
    return answer.ok || done === undefined ? answer : { ok: false, text: `${done} · but then: ${answer.text}` };
  }

  /** Says what was set, and what is odd about it. */
  async #set(action: Exclude<FaultAction, { kind: 'heal' }>): Promise<string> {
    const answer = await this.#api.call('POST', '/rules', presetOf(action));
    const lines = this.#read('/rules', answer, ({ rules, warnings }) => [
      ...list(rules, readRule).map((rule) => rule.text),
      ...list(warnings, text).map((warning) => `warning: ${warning}`),
    ]);
    return lines.join(' · ');
  }

  /** Names what is gone. */
  async #heal(): Promise<string> {
    const answer = await this.#api.call('POST', '/heal');
    const gone = this.#read('/heal', answer, ({ rules, toxics }) => [...list(rules, text), ...list(toxics, text)]);
    return gone.length === 0 ? 'nothing to heal' : `healed: ${gone.join(', ')}`;
  }

  async #state(): Promise<FaultState> {
    const get = (path: string): Promise<unknown> => this.#api.call('GET', path);
    const [links, rules, proxies] = await Promise.all([get('/links'), get('/rules'), get('/proxies')]);
    return {
      links: this.#read('/links', links, (answer) => list(answer.links, readLink)),
      rules: this.#read('/rules', rules, (answer) => list(answer.rules, readRule)),
      toxics: this.#read('/proxies', proxies, (answer) => Object.entries(answer).flatMap(readToxics)),
    };
  }

  /** What `read` makes of an answer's object. @throws ExitError when it is not what a fault proxy says */
  #read<T>(path: string, answer: unknown, read: (answer: Fields) => T): T {
    try {
      return read(record(answer));
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw this.#api.foreign(`${path} has no ${error.message} where there is always one`);
    }
  }
}

/** What can go wrong outside becomes an answer; anything else is our own mistake and no answer hides it. */
async function attempt(run: () => Promise<FaultAnswer>): Promise<FaultAnswer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ExitError || error instanceof PlanError) return { ok: false, text: sanitise(error.message) };
    throw error;
  }
}

function presetOf(action: Exclude<FaultAction, { kind: 'heal' }>): PresetBody {
  const { kind, a, b } = action;
  try {
    switch (kind) {
      case 'cut':
        return cutPreset(a, b, { oneWay: action.oneWay });
      case 'delay':
        return delayPreset(a, b, action.time);
      case 'loss':
        return lossPreset(a, b, action.share);
    }
  } catch (error) {
    if (error instanceof PlanError) throw new PlanError(`${error.message}. Write it as ${usageOf(kind)}`);
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** An answer lacks something; the message names what. */
class ShapeError extends Error {}

function record(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ShapeError('object');
}

function list<T>(value: unknown, read: (item: unknown) => T): T[] {
  if (Array.isArray(value)) return (value as unknown[]).map(read);
  throw new ShapeError('list');
}

/** Safe to print. */
function text(value: unknown): string {
  if (typeof value === 'string') return sanitise(value);
  throw new ShapeError('text');
}

function count(value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new ShapeError('number');
}

function readLink(value: unknown): FaultLink {
  const { from, to, connections, held, dropped, delayed, rules } = record(value);
  return {
    from: endName(from),
    to: endName(to),
    connections: count(connections),
    held: count(held),
    dropped: count(dropped),
    delayed: count(delayed),
    rules: list(rules, text),
  };
}

/** A server's number, or `client`. */
function endName(value: unknown): string {
  return typeof value === 'number' ? String(value) : text(value);
}

function readRule(value: unknown): FaultState['rules'][number] {
  const rule = record(value);
  return { id: text(rule.id), text: text(rule.text) };
}

function readToxics([proxy, value]: readonly [string, unknown]): string[] {
  return list(record(value).toxics, (toxic) => `${sanitise(proxy)}/${text(record(toxic).name)}`);
}
