/** Logs of elections are read, and what late frames have brought about is told from what is lawful. */
import t from 'tap';
import { deposedByLateFrames, type ElectionEvent, readElections } from './elections.js';

/** Events a millisecond apart: `server event ballot why`. */
function events(...lines: readonly string[]): ElectionEvent[] {
  return lines.map((line, atMs) => {
    const [server, event, ballot = '', ...why] = line.split(' ');
    return { server: Number(server), atMs, event: event as ElectionEvent['event'], ballot, why: why.join(' ') };
  });
}

const birth = ['3 campaign 1.3 no leader', '1 campaign 2.1 no leader', '3 leads 1.3'] as const;
const winsBack = ['3 campaign 3.3 a server has promised higher', '3 steps-down 1.3 campaigns anew', '3 leads 3.3'];

t.test('logs of several servers become one list, by time', async (t) => {
  const line = (second: number, rest: object): string =>
    `${JSON.stringify({ level: 30, time: `2026-01-01T00:00:0${second}.000Z`, ...rest })}\n`;
  const logs = new Map([
    [1, `cut off"}\n${line(3, { event: 'standing', leader: 3 })}{"level":30,"ti`],
    [
      3,
      `${line(2, { event: 'campaign', ballot: '1.3', why: 'no leader' })}${line(4, { event: 'leads', ballot: '1.3' })}`,
    ],
    [2, line(3, { event: 'campaign', ballot: '2.2', why: 'no leader' })],
  ]);
  t.same(
    readElections(logs).map(({ server, event, ballot, why }) => [server, event, ballot, why]),
    [
      [3, 'campaign', '1.3', 'no leader'],
      [2, 'campaign', '2.2', 'no leader'],
      [3, 'leads', '1.3', ''],
    ],
  );
});

t.test('lawful: a leader prepares above a promise, once; whoever hears no leader campaigns', async (t) => {
  t.same(deposedByLateFrames(events(...birth, ...winsBack), 1, 3), []);
  const stall = ['2 campaign 2.2 no leader', '3 steps-down 1.3 promised a higher ballot', '2 leads 2.2'];
  t.same(deposedByLateFrames(events('3 campaign 1.3 no leader', '3 leads 1.3', ...stall), 1, 2), []);
});

t.test('not lawful: late prepares, and refusals of an earlier ballot', async (t) => {
  const promised = '3 steps-down 1.3 promised a higher ballot';
  t.same(deposedByLateFrames(events(...birth, promised, '1 leads 2.1'), 1, 3), [
    'server 3: steps-down 1.3 (promised a higher ballot)',
    'server 1: leads 2.1',
  ]);
  const again = '3 campaign 4.3 a server has promised higher';
  t.same(deposedByLateFrames(events(...birth, ...winsBack, again), 1, 3), [
    `server 3: campaign 4.3 (${again.slice(15)})`,
  ]);
  t.same(deposedByLateFrames(events(...birth, promised), 1, 4), [], 'what was before is not judged');
});
