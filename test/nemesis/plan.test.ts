/** The rounds of the nemesis: the seed's alone, lawful, and over a while everything there is befalls the cluster. */
import t from 'tap';
import { presetRules } from '../../src/proxy/plan/presets.js';
import { readRule } from '../../src/proxy/plan/rule.js';
import { readTimeline } from '../../src/proxy/plan/timeline.js';
import { describeRound, drawRound, kindNames, onSmallDisks, type Round } from './plan.js';

const servers = [1, 2, 3, 4, 5];
/** Blows that leave the servers' processes running, or strike none of them. */
const ofNoServer: readonly string[] = ['killProxy', 'killBalancer'];
const gentle: readonly string[] = [...ofNoServer, 'pause', 'wallJump', 'fdLimit'];

function rounds(seed: number) {
  return Array.from({ length: 500 }, (_, index) => drawRound(seed, index + 1, servers));
}

t.test('a round is a function of the seed and its number', async (t) => {
  const texts = (seed: number): string[] => rounds(seed).map((round) => JSON.stringify({ ...round, number: 0 }));
  t.equal(texts(7).join('\n'), texts(7).join('\n'), 'the same seed, the same rounds');
  t.not(texts(7).join('\n'), texts(8).join('\n'), 'another seed, other rounds');
  t.equal(new Set(texts(7)).size, texts(7).length, 'and no two rounds alike');
});

t.test('the proxy takes every rule, and no round is empty', async (t) => {
  const surroundings = { servers, seed: 1 };
  const empty = [7, 8, 101].flatMap(rounds).filter((round) => {
    const { links, storm, blows } = round;
    const ids = links.flatMap(({ rule }, place) =>
      rule.preset === undefined
        ? [readRule(rule, `rule ${place}`).id]
        : presetRules(rule, surroundings).map(({ id }) => id),
    );
    if (new Set(ids).size !== ids.length) t.fail(`two rules of one name in ${describeRound(round)}`);
    const steps = storm === undefined ? 0 : readTimeline(storm.script, surroundings, storm.seed).steps.length;
    return links.length + steps + blows.length === 0;
  });
  t.same(empty.map(describeRound), [], 'something happens in each of them');
});

t.test('a few hundred rounds have everything', async (t) => {
  const seen = new Map<string, number>();
  for (const round of rounds(7)) for (const kind of kindsOf(round)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
  for (const kind of kindNames) t.ok(seen.has(kind), `${kind}: ${seen.get(kind)}`);
  t.equal(seen.size, kindNames.length, 'and nothing that has no name');
});

t.test('only what was asked for', async (t) => {
  const only = ['eio', 'cut', 'pause'];
  const seen = new Set<string>();
  for (let number = 1; number <= 100; number++) {
    for (const kind of kindsOf(drawRound(7, number, servers, only))) seen.add(kind);
  }
  t.same([...seen].sort(), [...only].sort());
});

t.test('blows are lawful', async (t) => {
  const wrong = rounds(7).filter(({ links, storm, blows }) => {
    const killing = blows.filter(({ kind }) => !gentle.includes(kind));
    const isAway = blows.some(({ kind }) => kind === 'away');
    return (
      killing.length > 1 ||
      (isAway && (links.length > 0 || storm !== undefined)) ||
      blows.some(
        ({ kind, servers: struck, forMs, afterMs }) =>
          !(forMs >= 0 && forMs <= 60_000 && afterMs >= 0) ||
          new Set(struck).size !== struck.length ||
          (kind === 'diskFull' && !onSmallDisks(servers).includes(struck[0] ?? 0)) ||
          (struck.length === 0 && !ofNoServer.includes(kind)),
      )
    );
  });
  t.same(wrong.map(describeRound), [], 'nothing is killed twice at a time, and somebody is struck');
});

function kindsOf({ links, storm, blows }: Round): string[] {
  return [
    ...links.map(({ name }) => name),
    ...(storm === undefined ? [] : ['storm']),
    ...blows.map(({ kind }) => kind),
  ];
}
