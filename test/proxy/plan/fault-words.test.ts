/** Faults as people type them: servers, times and shares, what they become, and what is refused. */
import t from 'tap';
import { PlanError } from '../../../src/proxy/index.js';
import { cutPreset, delayPreset, lossPreset, readEnd } from '../../../src/proxy/plan/fault-words.js';

t.test('a server by its number, any, or the clients', async (t) => {
  for (const word of ['3', 's3', 'S3', '003']) t.equal(readEnd(word), 3, word);
  t.same(['*', 'client'].map(readEnd), ['*', 'client']);
  for (const wrong of ['', 's', 'three', '1.5', '-1', 's1 s2', '1234567', 'clients']) {
    t.throws(() => readEnd(wrong), PlanError, wrong);
  }
});

t.test('a cut; of some kinds only it is a loss of all of these', async (t) => {
  t.strictSame(cutPreset('1', 's2'), { preset: 'cut', a: 1, b: 2 });
  t.strictSame(cutPreset('1', '*', { oneWay: true }), { preset: 'cut', a: 1, b: '*', oneWay: true });
  t.strictSame(
    cutPreset('1', '2', { oneWay: false }),
    { preset: 'cut', a: 1, b: 2 },
    'rules are named by their fields',
  );
  const ofKinds = { preset: 'loss', a: 1, b: 2, probability: 1, kinds: ['accept'] };
  t.strictSame(cutPreset('1', '2', { kinds: ['accept'] }), ofKinds);
});

t.test('a delay, with or without a spread', async (t) => {
  const link = { preset: 'delay', a: 1, b: 2 };
  t.strictSame(delayPreset('1', '2', '1.5s'), { ...link, time: '1.5s' });
  const spread = { ...link, distribution: 'uniform', least: 150, most: 250 };
  for (const time of ['200ms±50ms', '200ms+-50ms', '200ms±50', '0.2s±50ms']) {
    t.strictSame(delayPreset('1', '2', time), spread, time);
  }
  t.strictSame(delayPreset('1', '2', '10ms±1s'), { ...link, distribution: 'uniform', least: 0, most: 1_010 });
  for (const wrong of ['', '200', 'soon', '±50ms', '200ms±', '200ms±50ms±5ms', '200ms±soon', '200±50ms']) {
    t.throws(() => delayPreset('1', '2', wrong), { name: 'PlanError', message: /^TIME: .*as 200ms or 1\.5s$/ }, wrong);
  }
});

t.test('a loss, as it was written', async (t) => {
  t.strictSame(lossPreset('1', '2', '20%'), { preset: 'loss', a: 1, b: 2, probability: '20%' });
  t.strictSame(lossPreset('1', '2', '0.2').probability, 0.2);
  for (const wrong of ['', '2', '120%', '-1%', 'half', 'NaN']) {
    t.throws(() => lossPreset('1', '2', wrong), { name: 'PlanError', message: /^SHARE: .*"20%"$/ }, wrong);
  }
});
