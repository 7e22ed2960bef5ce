/** Sets of one-way cuts between servers, as presets of the rule book, and whether they leave anybody a majority. */
import type { ServerId } from '../../src/wire/index.js';

/** Nothing passes from `a` to `b`. */
export interface Cut {
  readonly [field: string]: unknown;
  readonly preset: 'cut';
  readonly a: ServerId;
  readonly b: ServerId;
  readonly oneWay: true;
}

/** A cut of every link, one by one. */
export function allLinks(servers: readonly ServerId[]): Cut[] {
  const others = (a: ServerId): ServerId[] => servers.filter((b) => b !== a);
  return servers.flatMap((a) => others(a).map((b): Cut => ({ preset: 'cut', a, b, oneWay: true })));
}

/** Every set of directed cuts: 64 for three servers. */
export function allCuts(servers: readonly ServerId[]): Cut[][] {
  const links = allLinks(servers);
  return Array.from({ length: 2 ** links.length }, (_, mask) => links.filter((_, bit) => mask & (1 << bit)));
}

/** True if some server can talk both ways to enough others for a majority. */
export function hasHub(servers: readonly ServerId[], cuts: readonly Cut[]): boolean {
  const isCut = (a: ServerId, b: ServerId): boolean => cuts.some((one) => one.a === a && one.b === b);
  return servers.some((a) => {
    const reached = servers.filter((b) => b === a || !(isCut(a, b) || isCut(b, a)));
    return 2 * reached.length > servers.length;
  });
}

/** For messages. */
export function cutName(cuts: readonly Cut[]): string {
  return cuts.map(({ a, b }) => `${a}>${b}`).join(' ') || 'none';
}
