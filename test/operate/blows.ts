/** What befalls the installation, one thing after the other, as an operator meets it. */
import { rmSync } from 'node:fs';
import { timePasses } from '../support/until.js';
import type { Installation } from './installation.js';
import type { Part } from './part.js';

export interface Blow {
  readonly what: string;
  /** Resolves when everything that was struck is there again. */
  readonly deal: () => Promise<void>;
}

/** How long a killed part stays away. */
const downMs = 4_000;
/** Longer than clients and servers need to give each other up. */
const unpluggedMs = 15_000;
const pausedMs = 6_000;

/** One round: every part, and what can befall several of them. */
export function blowsOn(installation: Installation): Blow[] {
  const { servers, balancers, redis, mirror } = installation;
  const everyPart = [...servers, ...balancers, redis, mirror];
  const kill = (parts: readonly Part[], forMs: number): (() => Promise<void>) => {
    return async () => {
      await Promise.all(parts.map((part) => part.kill()));
      await timePasses(forMs);
      await Promise.all(parts.map((part) => part.start()));
    };
  };
  return [
    ...everyPart.map((part) => ({ what: `${part.name} killed (-9)`, deal: kill([part], downMs) })),
    { what: 'both balancers killed', deal: kill([...balancers], downMs) },
    { what: 'Redis and the mirror killed', deal: kill([redis, mirror], downMs) },
    { what: 'two servers killed at once: no quorum for a while', deal: kill(servers.slice(0, 2), downMs) },
    ...servers.map(({ host }) => ({
      what: `host ${host + 1} unplugged for ${unpluggedMs / 1000} s`,
      deal: async () => {
        installation.unplug(host);
        await timePasses(unpluggedMs);
        installation.plug(host);
      },
    })),
    ...servers.map((part) => ({
      what: `${part.name} paused for ${pausedMs / 1000} s`,
      deal: async () => {
        part.daemon.pause();
        await timePasses(pausedMs);
        part.daemon.resume();
      },
    })),
    {
      what: 'rolling restart of all servers',
      deal: async () => {
        for (const part of servers) {
          await part.stop();
          await part.start();
          await installation.allIsWell();
        }
      },
    },
    {
      what: 'a server lost its disk',
      deal: async () => {
        const victim = servers[2];
        if (victim === undefined) throw new Error('there are three servers');
        await victim.kill();
        rmSync(installation.dataDir(victim), { recursive: true });
        await victim.start();
      },
    },
    {
      what: 'every part stopped in order, and started again',
      deal: async () => {
        for (const part of [mirror, ...servers, ...balancers, redis]) await part.stop();
        for (const part of [redis, ...balancers]) await part.start();
        await Promise.all(servers.map((part) => part.start()));
        await mirror.start();
      },
    },
  ];
}
