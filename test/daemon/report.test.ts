/** What a running server logs for its operators: each change once, not each second. */
import t from 'tap';
import { type Logger, silentLogger } from '../../src/base/index.js';
import { Report, type ReportParts } from '../../src/daemon/server/report.js';

const birthId = Buffer.alloc(16, 1);

function rig() {
  const wal = { full: false };
  const driver = { view: { votes: true, leader: 1, happy: true }, fetchesState: false };
  const report = new Report({
    self: { id: 1, birthId, incarnation: 1, address: 'one:1' },
    driver,
    wal,
    roster: { latest: { epoch: 1, from: 1, seats: [{ id: 1, birthId, votes: true, takes: 0 }] } },
    peers: { newcomers: [] },
    keepsNothing: false,
  } as unknown as ReportParts);
  const logged: string[] = [];
  const log = (event: string): number => logged.push(event);
  const logger: Logger = { ...silentLogger, info: log, warn: log, error: log };
  const seconds = (count: number): string[] => {
    for (let i = 0; i < count; i++) report.logChanges(logger);
    return logged.splice(0);
  };
  return { wal, driver, seconds };
}

t.test('nothing while all is well', async (t) => {
  const { seconds } = rig();
  t.same(seconds(3), []);
});

t.test('a full disk is told once, and once that it has space again', async (t) => {
  const { wal, seconds } = rig();
  wal.full = true;
  t.same(seconds(3), ['needs-attention', 'disk-full']);
  wal.full = false;
  t.same(seconds(3), ['disk-has-space']);
  wal.full = true;
  t.same(seconds(3), ['needs-attention', 'disk-full'], 'and again the next time');
});

t.test('a note is told when it changes, its end is not', async (t) => {
  const { driver, seconds } = rig();
  driver.fetchesState = true;
  t.same(seconds(3), ['needs-attention']);
  driver.fetchesState = false;
  t.same(seconds(3), []);
  driver.view.votes = false;
  t.same(seconds(3), ['needs-attention']);
});
