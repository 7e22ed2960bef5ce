/** The control API: Toxiproxy's endpoints, and ours for links, rules, timelines, events, traces and metrics. */
import { formatAddress, type Logger } from '../../base/index.js';
import { AddressError, bindHost, splitAddress } from '../engine/go-address.js';
import type { Controlled } from '../server.js';
import { type ApiServer, startApi } from './http.js';
import { linkRoutes } from './links.js';
import { metricRoutes } from './metrics.js';
import { ApiError } from './route.js';
import { ruleRoutes } from './rules.js';
import { streamRoutes } from './streams.js';
import { timelineRoutes } from './timeline.js';
import { createProxy, toxiproxyRoutes } from './toxiproxy.js';
import { readProxyBody } from './toxiproxy-bodies.js';

export interface ControlOptions {
  /** `host:port`. */
  readonly listen: string;
  /** As in {@link ApiOptions}. */
  readonly tokens?: readonly string[];
  /** Proxies to begin with, as POST /populate takes them; what is wrong with one is logged. */
  readonly proxies: readonly unknown[];
  readonly logger: Logger;
}

/** Starts the API on `listen`. @throws ExitError 3 when the port is busy. */
export async function startControlApi(controlled: Controlled, options: ControlOptions): Promise<ApiServer> {
  const routes = [
    ...toxiproxyRoutes(controlled.proxies),
    ...linkRoutes(controlled),
    ...ruleRoutes(controlled),
    ...timelineRoutes(controlled),
    ...streamRoutes(controlled),
    ...metricRoutes(controlled),
  ];
  const api = await startApi({ ...options, routes });
  for (const entry of options.proxies) {
    await createProxy(controlled.proxies, entry).catch((error: unknown) => {
      options.logger.error('config-proxy-left-out', { proxy: JSON.stringify(entry), error: String(error) });
    });
  }
  return api;
}

/** The addresses at which these entries of `--config` will listen; those that can't be made do not listen. */
export function configuredListeners(entries: readonly unknown[]): readonly string[] {
  return entries.flatMap((entry) => {
    try {
      const { host, port } = splitAddress(readProxyBody(entry).listen);
      return [formatAddress(bindHost(host), port)];
    } catch (error) {
      // Told when the others are made.
      if (error instanceof ApiError || error instanceof AddressError) return [];
      throw error;
    }
  });
}
