/** A rule that cannot act on anything that is there is taken, with a warning that says why. */
import t from 'tap';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { type KnownLink, ruleWarning } from '../../../src/proxy/plan/rule-warning.js';

const servers: readonly KnownLink[] = [1, 2, 3].flatMap((from) =>
  [1, 2, 3].filter((to) => to !== from).map((to) => ({ from, to })),
);
const withClients: readonly KnownLink[] = [...servers, { from: 'client', to: 1 }, { from: 1, to: 'client' }];

function warning(match: object, links: readonly KnownLink[], action: unknown = 'drop'): string | undefined {
  return ruleWarning(readRule({ match, do: action }, 'r'), links);
}

t.test('rules that can act are taken without a word', async (t) => {
  t.equal(warning({}, servers), undefined);
  t.equal(warning({ from: 1, to: [2, 9], kinds: ['accept', 'submit'] }, servers), undefined, 'one of them is enough');
  t.equal(warning({ from: 'client', to: 1, kinds: 'submit' }, withClients), undefined);
  t.equal(warning({ from: 1, to: 'client', kinds: 'ack' }, withClients), undefined);
  t.equal(
    warning({ from: 'client', to: '*', kinds: 'verifyRequest' }, withClients),
    undefined,
    'operators are clients',
  );
  t.equal(warning({ from: 1, to: 'client', kinds: 'verifyReply' }, withClients), undefined);
  t.equal(warning({ from: 1, to: 2, kinds: 'hello' }, servers), undefined);
  t.equal(warning({ from: 3, to: 1 }, servers, 'stall'), undefined);
});

t.test('nobody has connected yet', async (t) => {
  const text = 'r: no server has connected yet; it acts as soon as one does';
  t.equal(warning({ from: 1 }, []), text);
  const unheard: readonly KnownLink[] = [
    { from: 'unknown', to: 2 },
    { from: 1, to: 'balancer' },
  ];
  t.equal(warning({ from: 1 }, unheard), text, 'links without two ends that rules can mean do not count');
});

t.test('no link with such ends', async (t) => {
  t.equal(
    warning({ from: 9 }, servers),
    'r: it matches no link that is there (1>2 1>3 2>1 2>3 3>1 3>2): correct "from" and "to"',
  );
  t.match(warning({ from: 'client' }, servers), /^r: it matches no link that is there/);
  t.match(warning({ from: 1, to: 1 }, servers, 'refuse'), /^r: it matches no link that is there/);
});

t.test('kinds that never pass on those links', async (t) => {
  t.equal(
    warning({ from: 1, to: 2, kinds: 'submit' }, servers),
    'r: frames ["submit"] never pass on 1>2: correct "kinds"',
  );
  t.equal(
    warning({ from: 1, to: 2, kinds: 'sealed' }, servers),
    'r: frames ["sealed"] never pass on 1>2: correct "kinds"',
  );
  t.equal(
    warning({ from: 'client', to: 1, classes: 'a' }, withClients),
    'r: frames ["a"] never pass on client>1: correct "kinds"',
  );
  t.match(
    warning({ from: 'client', to: 1, kinds: 'ack' }, withClients),
    /never pass on client>1/,
    'the wrong direction',
  );
});
