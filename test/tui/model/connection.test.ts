/** What the chat says of the connection: banners, moves to another server, figures that age, and words that go away. */
import t from 'tap';
import { Desk, said } from '../support/desk.js';

const lastText = (desk: Desk): string | undefined => desk.model.room.lines.at(desk.model.room.lines.length - 1)?.text;
const banner = (desk: Desk): string => desk.text().slice(1, -2).slice(-2).join(' ').trim();

t.test('countdown and age are both true, half a second by half a second', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect();
  desk.open();
  desk.disconnect(2, 'connection reset', 4_000);
  const said: string[] = [];
  for (let half = 0; half <= 8; half++) {
    const [, next] = /OFFLINE retry in (\d+s)/.exec(desk.status) ?? [];
    const [, ago] = /Lost server 2 (\d+s) ago/.exec(banner(desk)) ?? [];
    said.push(`${ago} ${next}`);
    desk.wait(500);
  }
  const wanted = ['0s 4s', '0s 4s', '1s 3s', '1s 3s', '2s 2s', '2s 2s', '3s 1s', '3s 1s', '4s 0s'];
  t.same(said, wanted, 'an attempt is never promised too early');
  desk.client({ event: 'phase', phase: 'dialling' });
  t.match(desk.status, 'OFFLINE connecting');
});

t.test('another server: said in the room, with what is sent again; the same one: in fewer words', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect(2);
  desk.open();
  desk.state(desk.say('x'), 'sending');
  desk.say('only queued');
  desk.disconnect(2, 'connection reset');
  desk.connect(3);
  const last = (): string | undefined => lastText(desk);
  t.equal(
    last(),
    'Moved from server 2 to server 3: connection reset. 1 sent again under the same number (no duplicates).',
  );
  t.match(desk.status, 'ONLINE s3');
  t.notMatch(desk.text().join('\n'), 'messages wait here', 'the banner is gone');
  desk.disconnect(3, 'connection reset');
  desk.connect(3);
  t.equal(last(), 'Server 3 is back.');
});

t.test('no quorum: who is up, how many are needed; and when it is over', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect();
  desk.open();
  desk.client({ event: 'quorum', ok: false, up: 1, servers: 3 });
  t.match(banner(desk), /No quorum: 1 of 3 servers up\. You can read and type; messages wait until 2 are back/);
  desk.client({ event: 'quorum', ok: true, up: 2, servers: 3 });
  t.notMatch(desk.text().join('\n'), 'No quorum');
  t.match(desk.status, 'A majority is back: 2 of 3 servers are up.');
  desk.client({ event: 'quorum', ok: true, up: 3, servers: 3 });
  t.equal(desk.model.flash?.text, 'A majority is back: 2 of 3 servers are up.', 'said once');
});

t.test('no leader, waiting for servers, no balancer: each in its own words', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.client({ event: 'waiting', for: 'servers', registered: 2, servers: 3 });
  t.match(banner(desk), 'Waiting for servers: 2 of 3 are in.');
  desk.connect();
  t.notMatch(desk.text().join('\n'), 'Waiting for servers');
  desk.standing = { ...desk.standing!, leader: 0 };
  desk.wait();
  t.match(banner(desk), 'An election runs: no leader yet.');
  const started = new Desk({ columns: 120 });
  started.disconnect(0, 'No balancer at localhost:8009 (connection refused)', 2_000);
  t.match(banner(started), 'You can type, messages wait here. No balancer at localhost:8009 (connection refused)');
});

t.test('a taken name: explained until another one is taken', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect();
  desk.open();
  desk.client({ event: 'error', code: 'NAME_TAKEN', text: "The name 'aaron' is taken" });
  t.match(
    banner(desk),
    'Pick another name, /nick aaron2: "aaron" belongs to another user. Until then you can read, not write.',
  );
  t.same(desk.enter('/nick aaron2'), [{ kind: 'nick', name: 'aaron2' }]);
  desk.session('aaron2', 'open');
  t.notMatch(desk.text().join('\n'), 'belongs to another user');
  t.match(desk.text().at(-1), 'aaron2>');
});

t.test('other errors are lines in the room; a gap is not for users', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.client({ event: 'error', code: 'GAP', text: 'Events 3 to 5 are missing; asking again' });
  t.equal(desk.model.room.lines.length, 0);
  desk.client({ event: 'error', code: 'NOT_ALLOWED', text: 'Join #ops first' });
  t.match(desk.text().at(-3), 'Join #ops first');
});

t.test('the age of the last contact goes on, and marks the figures as old', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect();
  desk.open();
  desk.saySafely('x');
  t.match(desk.status, 'commit p50 4.0ms p99 4.0ms · contact 1s ago');
  desk.contactAgeMs = 3_400;
  desk.wait();
  t.match(desk.status, 'commit p50 4.0ms p99 4.0ms (stale) · contact 3s ago');
});

t.test('a word below the messages goes with the next key, or after six seconds', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.feed({ kind: 'found', room: '#lobby', n: undefined, text: 'nothing there' });
  desk.wait(5_999);
  t.match(desk.status, 'nothing there');
  desk.wait(1);
  t.notMatch(desk.status, 'nothing there');
  desk.feed({ kind: 'found', room: '#lobby', n: undefined, text: 'nothing there' });
  desk.type('a');
  t.notMatch(desk.status, 'nothing there');
});

t.test('a tiny screen shows its status for three seconds after it changed', async (t) => {
  const desk = new Desk({ columns: 39, rows: 8 });
  desk.connect();
  desk.open();
  const hasStatus = (): boolean => /ONLINE|OFFLINE/.test(desk.status);
  t.ok(hasStatus(), 'connected');
  desk.wait(2_999);
  t.ok(hasStatus());
  desk.wait(1);
  t.notOk(hasStatus(), 'then it gives its row to the messages');
  desk.wait(60_000);
  desk.type('changes nothing of it');
  t.notOk(hasStatus());
  desk.disconnect();
  t.ok(hasStatus(), 'a lost server');
  desk.wait(60_000);
  t.ok(hasStatus(), 'as long as there is none');
  desk.press('C-u');
  desk.say('x');
  t.match(desk.status, '1 unsent', 'a line that waits');
  desk.resize(80, 24);
  desk.wait(60_000);
  t.ok(hasStatus(), 'always on a screen with room for it');
});

t.test('too small is said, and nothing is lost by it', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.type('draft');
  const before = desk.text();
  for (const [columns, rows] of [
    [19, 24],
    [80, 3],
    [1, 1],
  ] as const) {
    desk.resize(columns, rows);
    t.same(desk.text(), [
      'terminal too small (20x4 needed)'.slice(0, columns).trimEnd(),
      ...Array.from({ length: rows - 1 }, () => ''),
    ]);
    t.equal(desk.frame().cursor, undefined);
  }
  desk.resize(80, 24);
  t.same(desk.text(), before);
});

t.test('another cluster: the rooms are empty and begin anew, what was typed stays, and it is said', async (t) => {
  const desk = new Desk({ columns: 120 });
  desk.connect(2);
  desk.open();
  desk.deliver('#lobby', [said('ann', 'of old'), said('bob', 'likewise')]);
  const [sent, waits] = [desk.say('perhaps'), desk.say('certainly not')];
  desk.state(desk.say('committed'), 'committed', '#lobby', { slot: 9, n: 9 });
  desk.state(sent, 'sending');
  desk.disconnect(2, 'connection reset');
  desk.state(sent, 'unconfirmed', '#lobby', { reason: 'Another cluster answers now' });
  desk.state(waits, 'failed', '#lobby', { reason: 'Another cluster answers now' });
  desk.logs.clear();
  const text = 'Another cluster answers. Rooms and the numbers in them begin anew.';
  desk.client({ event: 'cluster', before: '1', now: '2', unconfirmed: 1, notSent: 1, text });
  desk.connect(1);
  const shown = (): string => desk.text().join('\n');
  t.match(
    shown(),
    /Another cluster answers\. Rooms and the numbers in them begin .*\n.*anew\. \/retry sends what was not sent/,
  );
  for (const gone of ['of old', 'likewise', 'committed', 'Moved from']) t.notMatch(shown(), gone);
  for (const kept of ['perhaps', 'certainly not']) t.match(shown(), kept);
  desk.open();
  desk.deliver('#lobby', [said('ann', 'the first here')]);
  t.match(shown(), 'the first here');
  t.equal(desk.model.room.headN, 1);
  t.equal(desk.model.room.unread, 0);
  desk.enter('/retry');
  t.match(
    desk
      .take('submit')
      .map(({ text }) => text)
      .slice(-1),
    ['certainly not'],
    'what may be in the old one is for the user to decide',
  );
});

t.test('another cluster: only the commands are named that do something', async (t) => {
  const reason = 'Another cluster answers now';
  for (const [state, wanted] of [
    ['failed', /Another\. \/retry sends .* \/edit .* \/drop/],
    ['unconfirmed', /Another\. \/edit takes back what is unconfirmed, \/drop/],
    ['committed', /Another\.$/],
  ] as const) {
    const desk = new Desk({ columns: 120 });
    desk.connect(2);
    desk.open();
    const id = desk.say('typed');
    desk.state(id, 'sending');
    desk.state(id, state, '#lobby', state === 'committed' ? { slot: 9, n: 1 } : { reason });
    desk.client({ event: 'cluster', before: '1', now: '2', unconfirmed: 0, notSent: 0, text: 'Another.' });
    t.match(lastText(desk), wanted, state);
  }
});
