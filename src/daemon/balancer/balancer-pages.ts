/** What a balancer's HTTP pages say: what it lacks, how it stands, its metrics. */
import { toHex } from '../../base/index.js';
import { byReason, type Metric } from '../http/index.js';
import type { Registrar } from './registrar.js';
import type { Router } from './router.js';

/** "" once the membership is sealed. */
export function missingOf(registrar: Pick<Registrar, 'seal' | 'registered' | 'servers'>): string {
  const { seal, registered, servers } = registrar;
  return seal === undefined ? `not sealed: ${registered} of ${servers} servers are there` : '';
}

/** As far as `synod status --json` and this say the same, in the same fields. */
export function balancerStatus(registrar: Pick<Registrar, 'seal' | 'registered' | 'servers' | 'table'>): object {
  const { seal, registered, servers } = registrar;
  return {
    cluster: seal === undefined ? '' : toHex(seal.clusterId),
    sealed: seal !== undefined,
    epoch: seal?.epoch ?? 0,
    size: servers,
    registered,
    servers: registrar.table().map(({ id, address, live, clients }) => ({
      id,
      address,
      state: live ? 'up' : 'down',
      clients,
    })),
  };
}

export function balancerMetrics(
  registrar: Registrar,
  router: Router,
  strangers: ReadonlyMap<string, number>,
): readonly Metric[] {
  return [
    {
      name: 'synod_balancer_sealed',
      help: '1 once the membership is sealed.',
      kind: 'gauge',
      read: () => Number(registrar.seal !== undefined),
    },
    {
      name: 'synod_balancer_servers',
      help: 'Servers that make the cluster.',
      kind: 'gauge',
      read: () => registrar.servers,
    },
    {
      name: 'synod_balancer_servers_registered',
      help: 'Servers connected to this balancer now.',
      kind: 'gauge',
      read: () => registrar.registered,
    },
    {
      name: 'synod_balancer_server_live',
      help: '1 for each server that clients are sent to.',
      kind: 'gauge',
      read: () => registrar.table().map(({ id, live }) => ({ labels: { server: `${id}` }, value: Number(live) })),
    },
    {
      name: 'synod_balancer_server_clients',
      help: 'Clients of each server, as it reported and as they were placed since.',
      kind: 'gauge',
      read: () => registrar.table().map(({ id, clients }) => ({ labels: { server: `${id}` }, value: clients })),
    },
    {
      name: 'synod_balancer_connections',
      help: 'Clients and operators connected to this balancer now.',
      kind: 'gauge',
      read: () => router.connections,
    },
    {
      name: 'synod_balancer_routes_total',
      help: 'Questions of clients where to go, by answer.',
      kind: 'counter',
      read: () => Object.entries(router.answered).map(([answer, value]) => ({ labels: { answer }, value })),
    },
    {
      name: 'synod_strangers_ended_total',
      help: 'Connections ended before they said who they are, by reason.',
      kind: 'counter',
      read: () => byReason(strangers, ['NO_HELLO', 'PROTOCOL_ERROR']),
    },
  ];
}
