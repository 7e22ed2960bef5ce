/** A stopped server's chosen slots, read from its data directory with `synod log dump`. */
import type { SlotLog } from '../checkers/slots.js';
import { runToEnd } from './program.js';

interface DumpedRecord {
  readonly kind: 'promise' | 'accept' | 'chosen' | 'commit' | 'mark';
  readonly slot?: number;
  readonly ballot?: string;
  readonly items?: readonly string[];
}

/**
 * Slot by slot what the log says is chosen, through its last commit record: a learned value outranks every vote, among
 * votes the highest ballot counts. The digest of a value is what the dump prints of it.
 */
export async function dumpSlots(server: string, dataDir: string): Promise<SlotLog> {
  const { code, stdout, stderr } = await runToEnd('synod', ['log', 'dump', dataDir, '--json'], 60_000);
  if (code !== 0) throw new Error(`log dump of server ${server}: exit ${code}: ${stderr.slice(-1000)}`);
  const values = new Map<number, { rank: readonly [number, number]; digest: string }>();
  let commit = 0;
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const { kind, slot = 0, ballot = '0.0', items = [] } = JSON.parse(line) as DumpedRecord;
    if (kind === 'commit') commit = Math.max(commit, slot);
    if (kind !== 'accept' && kind !== 'chosen') continue;
    const rank = kind === 'chosen' ? ([Number.POSITIVE_INFINITY, 0] as const) : readBallot(ballot);
    const known = values.get(slot);
    if (known === undefined || rank[0] > known.rank[0] || (rank[0] === known.rank[0] && rank[1] >= known.rank[1])) {
      values.set(slot, { rank, digest: items.join('\n') });
    }
  }
  const slots = [...values]
    .filter(([slot]) => slot <= commit)
    .sort(([a], [b]) => a - b)
    .map(([slot, { digest }]) => ({ slot, digest }));
  return { server, slots };
}

function readBallot(text: string): readonly [number, number] {
  const [round = 0, owner = 0] = text.split('.').map(Number);
  return [round, owner];
}
