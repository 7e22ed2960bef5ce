/** What servers log about their elections, and which of these the late frames of one server have brought about. */

export interface ElectionEvent {
  readonly server: number;
  /** By the wall clock. */
  readonly atMs: number;
  readonly event: 'campaign' | 'leads' | 'steps-down' | 'abdicated';
  /** `round.server`, the server's own. */
  readonly ballot: string;
  readonly why: string;
}

const names: readonly string[] = ['campaign', 'leads', 'steps-down', 'abdicated'] satisfies ElectionEvent['event'][];

/** The elections in the logs of several servers, each as it stands on its stderr (JSON, level `info`), by time. */
export function readElections(logs: ReadonlyMap<number, string>): ElectionEvent[] {
  const events: ElectionEvent[] = [];
  for (const [server, log] of logs) {
    // What follows the last line end is a line that is still being written.
    for (const line of log.split('\n').slice(0, -1)) {
      if (!line.startsWith('{')) continue;
      const { time, event, ballot = '', why = '' } = JSON.parse(line) as Record<string, string | undefined>;
      if (event === undefined || !names.includes(event)) continue;
      events.push({ server, atMs: Date.parse(time ?? ''), event: event as ElectionEvent['event'], ballot, why });
    }
  }
  return events.sort((a, b) => a.atMs - b.atMs);
}

/**
 * What since `sinceMs` cannot have another reason than the frames of server `late`, which are late for all others.
 * Other elections are lawful, on a machine that stands still for a while at any time: whoever hears no leader
 * campaigns, and a leader above whom somebody has promised prepares above that.
 */
export function deposedByLateFrames(events: readonly ElectionEvent[], late: number, sinceMs: number): string[] {
  return events.filter((event) => event.atMs >= sinceMs && !isLawful(event, events, late)).map(electionText);
}

function isLawful(event: ElectionEvent, all: readonly ElectionEvent[], late: number): boolean {
  const { server, ballot, why } = event;
  // It may campaign as it likes: whoever is happy ignores it.
  if (server === late) return event.event !== 'leads';
  switch (event.event) {
    case 'campaign': {
      if (why !== 'a server has promised higher') return true;
      // Once for each promise: a refusal of what it led with before is no reason to prepare again.
      const led = all.slice(0, all.indexOf(event)).findLast((one) => one.server === server && one.event === 'leads');
      return all.some((one) => isCampaignAgainst(server, led?.ballot ?? '', one) && isAbove(ballot, one.ballot));
    }
    case 'steps-down':
      if (why === 'campaigns anew') return true;
      return all.some((one) => one.server !== late && isCampaignAgainst(server, ballot, one));
    case 'leads':
    case 'abdicated':
      return true;
  }
}

/** Another server campaigns above what `server` leads with. */
function isCampaignAgainst(server: number, ballot: string, event: ElectionEvent): boolean {
  return event.event === 'campaign' && event.server !== server && isAbove(event.ballot, ballot);
}

function isAbove(a: string, b: string): boolean {
  const [roundA = 0, serverA = 0] = a.split('.').map(Number);
  const [roundB = 0, serverB = 0] = b.split('.').map(Number);
  return roundA === roundB ? serverA > serverB : roundA > roundB;
}

/** For people. */
export function electionText({ server, event, ballot, why }: ElectionEvent): string {
  return `server ${server}: ${event} ${ballot}${why === '' ? '' : ` (${why})`}`;
}
