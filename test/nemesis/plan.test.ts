/** The rounds of the nemesis: the seed's alone, lawful, and over a while everything there is befalls the cluster. */
import t from 'tap';
import { presetRules } from '../../src/proxy/plan/presets.js';
import { readRule } from '../../src/proxy/plan/rule.js';
import { readTimeline } from '../../src/proxy/plan/timeline.js';
import { describeRound, drawRound, linkFaultNames } from './plan.js';
import { Summary } from './summary.js';

const servers = [1, 2, 3, 4, 5];
const others = ['kill', 'killMajority', 'killAll', 'pause', 'killProxy', 'killBalancer', 'storm'];

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
  const empty = rounds(7).filter(({ links, storm, blows }) => {
    for (const { rule } of links) {
      if (rule.preset === undefined) readRule(rule, 'rule');
      else presetRules(rule, surroundings);
    }
    const steps = storm === undefined ? 0 : readTimeline(storm.script, surroundings, storm.seed).steps.length;
    return links.length + steps + blows.length === 0;
  });
  t.same(empty.map(describeRound), [], 'something happens in each of them');
});

t.test('a few hundred rounds have everything', async (t) => {
  const summary = new Summary();
  for (const round of rounds(7)) summary.countRound(round);
  for (const name of [...linkFaultNames, ...others]) t.ok(summary.count(name) > 0, `${name}: ${summary.count(name)}`);
});
