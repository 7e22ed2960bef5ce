/** What befalls the installation, one thing after the other, as an operator meets it. */
import { rmSync } from 'node:fs';
import { timePasses } from '../support/until.js';
import type { Installation } from './installation.js';
import type { OwnDaemon, Part } from './part.js';

export interface Blow {
  readonly what: string;
  /** No chat may wait longer than this for a line to be acknowledged. */
  readonly waitMsMax: number;
  /** Resolves when everything that was struck is there again. */
  readonly deal: () => Promise<void>;
}

/** How long a killed part stays away. */
const downMs = 4_000;
/**
 * While two of three servers are there: silence is noticed after 3 s, a balancer that does not answer after 2 s, and
 * the two processors of this machine are busy.
 */
const majorityMs = 8_000;
/** Longer than clients and servers need to give each other up. */
const unpluggedMs = 15_000;
const pausedMs = 6_000;
/** All parts stop and start in this time, an election and the chats' return included. */
const standstillMs = 30_000;

/** One round: every part, and what can befall several of them. */
export function blowsOn(installation: Installation): Blow[] {
  const { servers, balancers, redis, mirror } = installation;
  const blow = (what: string, deal: () => Promise<void>, waitMsMax = majorityMs): Blow => ({ what, waitMsMax, deal });
  const killed = (what: string, parts: readonly Part[], waitMsMax?: number): Blow => {
    const deal = async (): Promise<void> => {
      await Promise.all(parts.map((part) => part.kill()));
      await timePasses(downMs);
      await Promise.all(parts.map((part) => part.start()));
    };
    return blow(`${what} killed (-9)`, deal, waitMsMax);
  };
  const unplugged = (host: number): Blow =>
    blow(`host ${host + 1} unplugged for ${unpluggedMs / 1000} s`, async () => {
      installation.unplug(host);
      await timePasses(unpluggedMs);
      installation.plug(host);
    });
  const paused = (part: Part<OwnDaemon>): Blow =>
    blow(`${part.name} paused for ${pausedMs / 1000} s`, async () => {
      part.daemon.pause();
      await timePasses(pausedMs);
      part.daemon.resume();
    });
  return [
    // Never the same server twice in a row: nobody would be connected to it the second time.
    ...servers.map((part) => killed(part.name, [part])),
    ...servers.map((part) => unplugged(part.host)),
    ...servers.map((part) => paused(part)),
    ...[...balancers, redis, mirror].map((part) => killed(part.name, [part])),
    killed('both balancers', balancers),
    killed('Redis and the mirror', [redis, mirror]),
    killed('two of three servers', servers.slice(0, 2), downMs + standstillMs),
    blow('a rolling restart of all servers', async () => {
      for (const part of servers) {
        await part.stop();
        await part.start();
        await installation.allIsWell();
      }
    }),
    blow('a server lost its disk', async () => {
      const victim = servers[2];
      if (victim === undefined) throw new Error('there are three servers');
      await victim.kill();
      rmSync(installation.dataDir(victim), { recursive: true });
      await victim.start();
    }),
    blow(
      'every part stopped in order, and started again',
      async () => {
        for (const part of [mirror, ...servers, ...balancers, redis]) await part.stop();
        for (const part of [redis, ...balancers]) await part.start();
        await Promise.all(servers.map((part) => part.start()));
        await mirror.start();
      },
      standstillMs,
    ),
  ];
}
