/** The states of the chat that have golden screens, each told as what leads to it. */
import type { FaultState } from '../../../src/tui/model/faults.js';
import type { ModelOptions } from '../../../src/tui/model/model.js';
import { Desk, said } from '../support/desk.js';

export interface Scene {
  readonly name: string;
  readonly options?: Partial<ModelOptions>;
  readonly play: (desk: Desk) => void;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const topic = 'what we ship on Friday';

/** An ordinary morning: yesterday's last words, people who come, a mention, a topic, lines of one's own. */
function ordinary(desk: Desk): void {
  desk.wallMs -= dayMs;
  desk.happen('#lobby', { kind: 'join', from: 'ann', text: '' });
  desk.happen('#lobby', said('ann', 'the release notes are done, see you tomorrow'));
  desk.wallMs += dayMs;
  desk.happen('#lobby', { kind: 'join', from: 'bob', text: '' }, said('ann', 'morning'));
  desk.happen('#lobby', { kind: 'topic', from: 'ann', text: topic });
  desk.connect();
  desk.open('#lobby', { topic, people: ['aaron', 'ann', 'bob', 'Zoë'] });
  desk.deliver('#lobby', [{ kind: 'join', from: 'aaron', text: '' }]);
  desk.wait(minuteMs);
  desk.deliver('#lobby', [said('bob', '@aaron the leader moved to s2 at 08:11')]);
  desk.saySafely('yes, I saw it in the log: slot 1042, and nothing was lost on the way');
  desk.deliver('#lobby', [{ kind: 'action', from: 'bob', text: 'looks at the log, too' }]);
  desk.wait(minuteMs);
  desk.deliver('#lobby', [said('Zoë', 'can you see this from the other side?')]);
  desk.saySafely('every word');
  desk.wait(10_000);
}

/** A room with nothing but these messages in it. */
function texts(...lines: readonly string[]): (desk: Desk) => void {
  return (desk) => {
    desk.connect();
    desk.open();
    for (const [index, line] of lines.entries()) desk.deliver('#lobby', [said(index % 2 === 0 ? 'ann' : 'bob', line)]);
    desk.deliver('#lobby', [said('ann', 'the end')]);
    desk.wait(10_000);
  };
}

const link = (from: string, to: string, ...rules: string[]) => ({
  from,
  to,
  connections: 1,
  held: 0,
  dropped: rules.length,
  delayed: 0,
  rules,
});

export const healthy: FaultState = {
  rules: [],
  toxics: [],
  links: ['1', '2', '3'].flatMap((from) => ['1', '2', '3'].filter((to) => to !== from).map((to) => link(from, to))),
};

export const broken: FaultState = {
  rules: [
    { id: 'r1', text: 'r1: drop on 3>*, *>3' },
    { id: 'r2', text: 'r2: delay 200ms±50ms on 1>2' },
  ],
  toxics: [],
  links: [
    link('1', '2', 'r2'),
    link('1', '3', 'r1'),
    link('2', '1'),
    link('2', '3', 'r1'),
    link('3', '1', 'r1'),
    link('3', '2', 'r1'),
    link('client', '2'),
  ],
};

/** Other rooms with something unread in them: a number, a mention, a direct message. */
function elsewhere(desk: Desk): void {
  for (const name of ['#ops', '#paxos']) {
    desk.enter(`/join ${name}`);
    desk.open(name, { people: ['aaron', 'ann'] });
  }
  desk.deliver('#paxos', [said('ann', 'ballots are cheap')]);
  desk.enter('/msg bob have you got a minute?');
  desk.open('@aaron,bob', { people: [] });
  desk.commit(desk.lastId, 'have you got a minute?', 'ack', '@aaron,bob');
  desk.press('M-1');
  desk.deliver('#ops', [said('ann', 'disk 80 %'), said('ann', 'disk 81 %'), said('ann', 'disk 82 %')]);
  desk.deliver('#paxos', [said('bob', 'aaron: is that a proof?'), said('bob', 'or a hope?')]);
  desk.deliver('@aaron,bob', [said('bob', 'now I have')]);
}

export const scenes: readonly Scene[] = [
  { name: 'chat', play: ordinary },
  {
    name: 'starting',
    play: (desk) => {
      desk.client({ event: 'phase', phase: 'routing' });
      desk.type('typed before anything is there');
    },
  },
  {
    name: 'no-balancer',
    play: (desk) => {
      const reason =
        'No balancer at localhost:8009 (connection refused). Is it running? Start one: synod balancer (or pass --balancer HOST:PORT)';
      desk.disconnect(0, reason, 8_000);
      desk.say('as soon as you are there');
      desk.wait(2_000);
    },
  },
  {
    name: 'waiting-for-servers',
    play: (desk) => desk.client({ event: 'waiting', for: 'servers', registered: 1, servers: 3 }),
  },
  {
    name: 'completion-name',
    play: (desk) => {
      ordinary(desk);
      desk.deliver('#lobby', [{ kind: 'join', from: 'amy', text: '' }]);
      desk.type('a');
      desk.press('Tab');
    },
  },
  {
    name: 'completion-command',
    play: (desk) => {
      ordinary(desk);
      desk.type('/s');
      desk.press('Tab', 'Tab');
    },
  },
  {
    name: 'unknown-command',
    play: (desk) => {
      ordinary(desk);
      desk.enter('/jion #ops');
    },
  },
  {
    name: 'multi-line',
    play: (desk) => {
      ordinary(desk);
      desk.type('first line');
      desk.press('M-Enter');
      desk.type('the second one is long enough to need more than one row of most of these screens');
    },
  },
  {
    name: 'paste',
    play: (desk) => {
      ordinary(desk);
      desk.type('look: ');
      desk.paste(
        '#!/bin/sh\nset -e\nfor i in 1 2 3; do\n  synod server --id $i &\ndone\n\nwait\nrm -rf ./synod-data\n',
      );
    },
  },
  {
    name: 'no-quorum',
    play: (desk) => {
      ordinary(desk);
      desk.client({ event: 'quorum', ok: false, up: 1, servers: 3 });
      desk.standing = { ...desk.standing!, leader: 0, up: 1 };
      desk.state(desk.say('does anybody hear me?'), 'sending');
      desk.wait(4_000);
    },
  },
  {
    name: 'failover-lost',
    play: (desk) => {
      ordinary(desk);
      desk.state(desk.say('is this one in?'), 'sending');
      desk.wait(1_500);
      desk.disconnect();
      desk.say('and this one?');
      desk.wait(2_000);
    },
  },
  {
    name: 'failover-moved',
    play: (desk) => {
      ordinary(desk);
      const first = desk.say('is this one in?');
      desk.state(first, 'sending');
      desk.disconnect();
      const second = desk.say('and this one?');
      desk.wait(2_000);
      desk.connect(3, 2);
      for (const id of [first, second]) desk.state(id, 'sending');
      desk.wait(500);
      desk.commit(first, 'is this one in?');
    },
  },
  {
    name: 'delivery-states',
    play: (desk) => {
      ordinary(desk);
      desk.saySafely('this one is in');
      desk.state(desk.say('too fast'), 'failed', '#lobby', { reason: 'The room is read-only' });
      const slow = desk.say('this one hangs');
      desk.state(slow, 'sending');
      desk.wait(9_000);
      desk.state(slow, 'unconfirmed');
      const given = desk.say('nobody knows');
      desk.state(given, 'unconfirmed', '#lobby', { reason: 'the session ended before an answer came' });
      desk.state(desk.say('on its way'), 'sending');
      desk.wait(3_000);
      desk.say('not sent at all');
    },
  },
  {
    name: 'faults-tag',
    options: { hasFaults: true },
    play: (desk) => {
      ordinary(desk);
      desk.faults(broken);
    },
  },
  {
    name: 'faults-links',
    options: { hasFaults: true },
    play: (desk) => {
      ordinary(desk);
      desk.press('F3');
      desk.faults(broken);
      desk.press('Down');
    },
  },
  {
    name: 'faults-none',
    options: { hasFaults: true },
    play: (desk) => {
      ordinary(desk);
      desk.press('F3');
      desk.faults(healthy);
    },
  },
  {
    name: 'help',
    play: (desk) => {
      ordinary(desk);
      desk.press('F1');
    },
  },
  {
    name: 'help-end',
    play: (desk) => {
      ordinary(desk);
      desk.press('F1', 'End');
    },
  },
  {
    name: 'search',
    play: (desk) => {
      ordinary(desk);
      desk.press('C-r');
      desk.type('leader');
    },
  },
  {
    name: 'search-missing',
    play: (desk) => {
      ordinary(desk);
      desk.press('C-r');
      desk.type('zebra');
    },
  },
  {
    name: 'unread',
    play: (desk) => {
      ordinary(desk);
      elsewhere(desk);
      desk.press('M-2');
      desk.deliver('#lobby', [said('ann', 'while you were away'), said('bob', 'two lines')]);
      desk.press('M-1');
    },
  },
  {
    name: 'direct',
    play: (desk) => {
      ordinary(desk);
      elsewhere(desk);
      desk.press('M-4');
      desk.say('good');
      desk.wait(10_000);
    },
  },
  {
    name: 'long-words',
    play: texts(
      `https://example.org/${'a-path-without-end/'.repeat(9)}`,
      `short and ${'x'.repeat(130)} short`,
      'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen',
      'several\n  lines\n\nof one message',
    ),
  },
  {
    name: 'cjk',
    play: texts(
      '你好，世界。共识是一种协议，使多数服务器选择同一个值。',
      'かな ｶﾞ 한글',
      '混ぜた mixed 文字 text '.repeat(5),
    ),
  },
  { name: 'emoji', play: texts('👨‍👩‍👧‍👦 👍🏽 ❤️ 🇩🇪🇫🇷 1️⃣ 🏳️‍🌈', '🎉'.repeat(45), 'a🙂b🙂c') },
  {
    name: 'marks',
    play: texts('e\u0301a\u0308o\u0302 n\u0303', '한국어 นี่ ก็', `Z${'\u0300\u0301\u0302\u0323\u0324'.repeat(6)}algo`),
  },
  {
    name: 'right-to-left',
    play: texts('שלום עולם', 'مرحبا بالعالم', 'mixed שלום and مرحبا in one line, which is long enough to wrap'),
  },
  {
    name: 'taken-name',
    play: (desk) => {
      desk.connect();
      desk.open('#lobby', { people: ['ann', 'aaron'] });
      desk.deliver('#lobby', [said('ann', 'hello')]);
      const text = "The name 'aaron' belongs to another user. Pick another one: /nick aaron2";
      desk.client({ event: 'error', code: 'NAME_TAKEN', text });
      desk.say('am I heard?');
      desk.wait(1_000);
    },
  },
  {
    name: 'history',
    play: (desk) => {
      for (let n = 1; n <= 300; n++)
        desk.happen('#lobby', said(n % 3 === 0 ? 'bob' : 'ann', `message ${n} of three hundred`));
      ordinary(desk);
      desk.press('PageUp', 'PageUp');
      desk.deliver('#lobby', [said('ann', 'new'), said('bob', 'newer')]);
      desk.wait(10_000);
    },
  },
  {
    name: 'history-far',
    play: (desk) => {
      for (let n = 1; n <= 1_000; n++)
        desk.happen('#lobby', said(n % 3 === 0 ? 'bob' : 'ann', `message ${n} of a thousand`));
      ordinary(desk);
      desk.enter('/goto 400');
      desk.answerHistory();
      desk.wait(10_000);
    },
  },
  {
    name: 'hostile',
    play: texts(
      'a\x1b[2Jb\x1b]0;title\x07c\rd\u2028e\u202ef\u0085g',
      '{bold}{red-fg}no tag{/}',
      '\x90qdcs\x9c \x00 \x7f',
    ),
  },
  {
    name: 'ascii',
    options: { isAscii: true, hasFaults: true, theme: 'mono' },
    play: (desk) => {
      ordinary(desk);
      elsewhere(desk);
      desk.faults(broken);
      desk.state(desk.say('unanswered'), 'sending');
      desk.state(desk.say('refused'), 'failed', '#lobby', { reason: 'The room is read-only' });
      desk.wait(3_000);
      desk.say('waits');
    },
  },
];

/** The desk after the scene, at a size. */
export function play({ options, play: lead }: Scene, columns: number, rows: number): Desk {
  const desk = new Desk({ columns, rows, ...options });
  lead(desk);
  return desk;
}
