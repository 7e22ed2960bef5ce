/** Which servers there are: asked of the balancers, or given with --servers when they are down. */
import { ExitError, exitCodes } from '../base/index.js';
import { askOnce, isLockedOut, noBalancerText } from '../client/index.js';
import type { Call } from './command.js';
import { readAddresses, readDurationMs } from './values.js';

/** A server as far as it is known before it was asked itself. */
export interface KnownServer {
  /** 0 when only the address is known. */
  readonly id: number;
  /** Empty when the balancer has never heard of it since its own start. */
  readonly address: string;
}

/** What `status`, `verify`, `tail` and `test1` begin with. */
export interface KnownCluster {
  /** Hexadecimal; empty when the balancer was not asked or the membership is not sealed. */
  readonly clusterId: string;
  /** How many servers the cluster has; 0 when unknown. */
  readonly size: number;
  readonly servers: readonly KnownServer[];
}

/**
 * The servers named by `--servers`, else those a balancer names; `timeoutMsMax` cuts `--timeout`.
 *
 * @throws ExitError (4) when no balancer answers within `--timeout`, (3) when one does not let us in.
 */
export async function knownCluster(call: Call, timeoutMsMax = Number.POSITIVE_INFINITY): Promise<KnownCluster> {
  const { options } = call;
  const given = options.text('servers');
  if (given !== undefined) {
    const servers = readAddresses('--servers', given).map((address) => ({ id: 0, address }));
    return { clusterId: '', size: 0, servers };
  }
  const balancers = readAddresses('--balancer', options.text('balancer') ?? options.text('master') ?? '');
  const timeoutMs = readDurationMs('--timeout', options.text('timeout') ?? '');
  return askBalancers(balancers, Math.min(timeoutMs, timeoutMsMax), '; without one: --servers H:P,…');
}

/** Asks the balancers in turn until one answers; if none does, `otherwise` ends the error's text. */
export async function askBalancers(
  balancers: readonly string[],
  timeoutMs: number,
  otherwise = '',
): Promise<KnownCluster> {
  const reasons: string[] = [];
  for (const address of balancers) {
    const answered = await askOnce({ address, timeoutMs }, (operator) => operator.members());
    if (!answered.ok) {
      if (isLockedOut(answered.code)) throw new ExitError(exitCodes.refused, answered.code, answered.text);
      reasons.push(answered.text);
      continue;
    }
    const { sealed, clusterId, servers, members } = answered.answer;
    return {
      clusterId: sealed ? Buffer.from(clusterId).toString('hex') : '',
      size: servers,
      servers: members.map(({ id, address: at }) => ({ id, address: at })),
    };
  }
  const text = balancers.map((address, index) => noBalancerText(address, reasons[index] ?? '')).join('; ');
  throw new ExitError(exitCodes.unreachable, 'NO_BALANCER', text + otherwise);
}
