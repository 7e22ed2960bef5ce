/** Walking through what was sent, with the draft kept. */
import fc from 'fast-check';
import t from 'tap';
import { emptyHistory, type History, newer, older, remember } from '../../../src/tui/editor/index.js';
import { repeatable } from '../../support/repeatable.js';

function historyOf(...texts: string[]): History {
  return texts.reduce(remember, emptyHistory);
}

t.test('remember', async (t) => {
  t.same(historyOf('a', 'a', '', '  ', 'b', 'a').entries, ['a', 'b', 'a'], 'no blanks, nothing twice in a row');
  const many = historyOf(...Array.from({ length: 600 }, (_, index) => `${index}`));
  t.equal(many.entries.length, 500);
  t.equal(many.entries[0], '100', 'the oldest go');
  const walking = older(historyOf('a', 'b'), 'draft')?.history as History;
  t.equal(older(remember(walking, 'b'), '')?.text, 'b', 'sending ends the walk, even what is not new');
});

t.test('a walk', async (t) => {
  t.equal(older(emptyHistory, 'x'), undefined);
  t.equal(newer(emptyHistory), undefined);
  const first = older(historyOf('a', 'b'), 'draft');
  t.equal(first?.text, 'b');
  const second = older(first?.history as History, 'b, edited');
  t.equal(second?.text, 'a');
  t.equal(older(second?.history as History, 'a'), undefined, 'nothing is older');
  const third = newer(second?.history as History);
  t.equal(third?.text, 'b', 'edited entries are as they were');
  const fourth = newer(third?.history as History);
  t.equal(fourth?.text, 'draft');
  t.equal(newer(fourth?.history as History), undefined, 'nothing is newer');
  t.equal(older(fourth?.history as History, 'draft 2')?.history.draft, 'draft 2', 'a walk begun anew keeps anew');
});

t.test('there and back again gives the draft', async (t) => {
  const texts = fc.array(fc.string(), { maxLength: 20 });
  fc.assert(
    fc.property(texts, fc.string(), fc.nat(30), (sent, draft, steps) => {
      let history = historyOf(...sent);
      const { entries } = history;
      let shown = draft;
      let taken = 0;
      for (let step = older(history, shown); step !== undefined && taken < steps; step = older(history, shown)) {
        ({ history, text: shown } = step);
        taken++;
        if (shown !== entries.at(-taken)) throw new Error(`step ${taken} shows ${shown}`);
      }
      for (let step = newer(history); step !== undefined; step = newer(history)) {
        ({ history, text: shown } = step);
        taken--;
      }
      if (taken !== 0 || shown !== draft || history.entries !== entries) throw new Error('not back');
    }),
    repeatable,
  );
  t.pass('every walk');
});
