/** Counting wrong proofs by address, in bounded memory. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { WrongProofs } from '../../src/net/wrong-proofs.js';
import { FakeClock } from '../support/fake-clock.js';

t.test('ten are answered, then none until ten seconds have passed; others are not concerned', async (t) => {
  const clock = new FakeClock();
  const wrong = new WrongProofs(clock);
  for (let count = 0; count < limits.wrongProofsMax; count++) t.ok(wrong.add('10.0.0.1'));
  t.notOk(wrong.add('10.0.0.1'));
  t.ok(wrong.add('10.0.0.2'));
  clock.advance(limits.wrongProofsMs - 1);
  t.notOk(wrong.add('10.0.0.1'));
  clock.advance(1);
  t.ok(wrong.add('10.0.0.1'), 'a new window');
});

t.test('a thousand addresses more than it remembers cost no more memory', async (t) => {
  const clock = new FakeClock();
  const wrong = new WrongProofs(clock);
  for (let host = 0; host < limits.wrongProofHostsMax + 1_000; host++) {
    t.equal(wrong.add(`2001:db8::${host.toString(16)}`), true);
    if (wrong.size > limits.wrongProofHostsMax) t.fail('bounded');
  }
  t.equal(wrong.size, limits.wrongProofHostsMax);
});
