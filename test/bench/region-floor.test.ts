/** The least that a commit across regions can take, against numbers worked out by hand. */
import t from 'tap';
import { evenRegions, leastCommitMs, majorityRttMs, mixedRegions, rttBetween } from '../../bench/region-floor.js';

const three = [1, 2, 3];
const five = [1, 2, 3, 4, 5];

t.test('the same way everywhere', async (t) => {
  const regions = evenRegions(three, 30);
  t.same(regions.rttMs, { '1-2': 30, '1-3': 30, '2-3': 30 });
  t.equal(leastCommitMs(regions, three, 1, 1, 0.5), 30.5, 'at the leader: one round trip and a sync');
  t.equal(leastCommitMs(regions, three, 1, 3, 0.5), 60.5, 'at a follower: one more round trip, to the leader');
});

t.test('one far away: the near ones are a majority, unless the far one leads', async (t) => {
  const regions = mixedRegions(three, 30, 150);
  t.equal(rttBetween(regions, 2, 1), 30);
  t.equal(rttBetween(regions, 3, 2), 150);
  t.equal(leastCommitMs(regions, three, 1, 1, 1), 31);
  t.equal(leastCommitMs(regions, three, 1, 2, 1), 61);
  t.equal(leastCommitMs(regions, three, 2, 3, 1), 181);
  t.equal(leastCommitMs(regions, three, 3, 3, 1), 151, 'the far one has nobody near');
  t.equal(leastCommitMs(regions, three, 3, 1, 1), 301);
});

t.test('of five the second nearest counts, of one nobody', async (t) => {
  const rttMs = { ...evenRegions(five, 100).rttMs, '1-2': 5, '1-3': 9, '1-4': 80 };
  t.equal(majorityRttMs({ name: '', rttMs }, five, 1), 9);
  t.equal(majorityRttMs({ name: '', rttMs }, five, 5), 100);
  t.equal(majorityRttMs({ name: '', rttMs: {} }, [1], 1), 0);
});

t.test('a pair that is not given is no zero', async (t) => {
  t.throws(() => rttBetween({ name: '', rttMs: {} }, 1, 2), /no round trip is given/);
  t.equal(rttBetween({ name: '', rttMs: {} }, 2, 2), 0);
});
