/** The ten rules under which the proxy is measured: seven judge every frame of the stream, three mean others. */
import { callerId, listenerId } from './proxy-frames.js';

const from = callerId;
const to = listenerId;
/** An action that would hurt nothing that is counted, should chance ever choose it. */
const delay = { type: 'delay', time: '1ms' };
const never = 2 ** 48;

export const tenRules: readonly Readonly<Record<string, unknown>>[] = [
  { id: 'chance-of-link', match: { from, to, probability: 1e-9 }, do: delay },
  { id: 'chance-of-kind', match: { kinds: ['accept'], probability: 1e-9 }, do: delay },
  { id: 'chance-of-class', match: { from, classes: 'pac', probability: 1e-9 }, do: delay },
  { id: 'chance-of-damage', match: { from, to, kinds: 'accept', probability: 0 }, do: { type: 'corrupt' } },
  { id: 'every-so-many', match: { from, to, every: never }, do: { type: 'duplicate' } },
  { id: 'after-another', match: { kinds: 'accept', after: 'campaign' }, do: 'drop' },
  { id: 'tomorrow', match: { window: { from: '24h' } }, do: 'clog' },
  { id: 'other-kind', match: { from, to, classes: 'h' }, do: 'drop' },
  { id: 'other-link', match: { from: 7, to }, do: { type: 'throttle', bytesPerSecond: 1_000 } },
  { id: 'no-clients', match: { from: 'client', to: '*' }, do: 'refuse' },
];

/** For the report's header. */
export const rulesText =
  'ten rules: seven judge every frame (4 by chance, each 2^48th, after another kind, from tomorrow on), ' +
  'three mean other kinds, links, callers';
