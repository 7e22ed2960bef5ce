/** The proofs between hello and welcome, both ends in memory: what passes, and every way in which it must not. */
import t from 'tap';
import { plainWelcome } from '../../src/daemon/hello-gate.js';
import { Keyring } from '../../src/net/index.js';
import { CallerProver, ListenerProver, type ProofStep, secretNotKnown } from '../../src/net/prover.js';
import { decode, encode, type Hello, type MessageOf } from '../../src/wire/index.js';
import { hello } from '../daemon/raw.js';

const secret = Buffer.from('a secret of this cluster, long enough');
const other = Buffer.from('the secret of another cluster, as long');
const invitation = Buffer.from('an invitation that users are handed out');
const ring = (cluster: Uint8Array[], invite: Uint8Array[] = []): Keyring => new Keyring({ cluster, invite });
const keyIdHex = '3e89e0976f09eca4';
const macHex = '914f132d2fa98392e6a7e1d6693d112ee82a90e9e4ef1828a51ab9b4af98e9e2';
const token = new Uint8Array(32).fill(0x5a);
const server = hello({
  role: 'server',
  serverId: 2,
  incarnation: 7,
  clusterId: new Uint8Array(16).fill(1),
  birthId: new Uint8Array(16).fill(2),
  address: '127.0.0.1:9011',
});

function sent<T extends 'challenge' | 'proof'>(step: ProofStep, type: T): MessageOf<T> {
  if (step.next !== 'send' || step.message.type !== type)
    throw new Error(`${type} expected, not ${JSON.stringify(step)}`);
  // As it arrives.
  return decode(encode(step.message).subarray(8)) as MessageOf<T>;
}

/** A whole handshake; each `change` sees what passes and may alter it. */
function handshake(
  callers: Keyring,
  listeners: Keyring,
  own: Hello,
  change: {
    hello?: (hello: Hello) => Hello;
    challenge?: (challenge: MessageOf<'challenge'>) => MessageOf<'challenge'>;
    proof?: (proof: MessageOf<'proof'>) => MessageOf<'proof'>;
  } = {},
) {
  const caller = new CallerProver(callers);
  const listener = new ListenerProver(listeners);
  const same = <T>(message: T): T => message;
  const helloThere = (change.hello ?? same)(caller.outgoing(own));
  const first = listener.incoming(helloThere);
  if (first.next !== 'send') return { listener: first, helloThere };
  const second = caller.incoming((change.challenge ?? same)(sent(first, 'challenge')));
  if (second.next !== 'send') return { caller: second, helloThere };
  const proof = (change.proof ?? same)(sent(second, 'proof'));
  const last = listener.incoming(proof);
  return { listener: last, caller: caller.incoming({ type: 'ping', token: 0 }), helloThere, proof };
}

t.test('two that know the secret: the hello arrives as it was meant, the token only with the proof', async (t) => {
  const own = hello({ authMethod: 'token', auth: token });
  const { listener, caller, helloThere } = handshake(ring([secret]), ring([secret]), own);
  t.match(listener, { next: 'deliver', guestBecause: undefined });
  if (listener?.next === 'deliver') t.same(encode(listener.message), encode(own));
  t.equal(caller?.next, 'deliver', 'what follows is for the owner');
  t.notOk(Buffer.from(encode(helloThere)).includes(Buffer.from(token)), 'hello tells nothing of the token');
  t.notOk(Buffer.from(encode(helloThere)).includes(secret));
});

t.test('a fault proxy may put its own address in the place of a server’s', async (t) => {
  const moved = (seen: Hello): Hello => ({ ...seen, address: '127.0.0.1:9999' });
  const { listener } = handshake(ring([secret]), ring([secret]), server, { hello: moved });
  t.match(listener, { next: 'deliver', message: { address: '127.0.0.1:9999', serverId: 2 } });
});

t.test('nothing else in a hello may be changed on the way', async (t) => {
  const changes: Partial<Hello>[] = [
    { role: 'operator' },
    { versionMax: 2 },
    { features: 5 },
    { clusterId: new Uint8Array(16).fill(9) },
    { membershipHash: new Uint8Array(16).fill(9) },
    { epoch: 9 },
    { serverId: 3 },
    { incarnation: 8 },
    { birthId: new Uint8Array(16).fill(9) },
  ];
  for (const change of changes) {
    const alter = (seen: Hello): Hello => ({ ...seen, ...change });
    const { caller } = handshake(ring([secret]), ring([secret]), server, { hello: alter });
    t.match(caller, { next: 'end' }, `the caller notices another ${Object.keys(change)[0]}`);
  }
  const user = (seen: MessageOf<'proof'>): MessageOf<'proof'> => ({ ...seen, auth: new Uint8Array(32).fill(1) });
  const mine = hello({ authMethod: 'token', auth: token });
  const { listener } = handshake(ring([secret]), ring([secret]), mine, { proof: user });
  t.match(listener, { next: 'end', text: secretNotKnown }, 'nor whose token it is');
  const claim = (seen: MessageOf<'proof'>): MessageOf<'proof'> => ({ ...seen, authMethod: 'challenge' });
  t.match(handshake(ring([secret]), ring([secret]), mine, { proof: claim }).listener, { next: 'end' });
});

t.test('whoever does not know the secret is told so, and nothing to guess it by', async (t) => {
  t.match(handshake(ring([other]), ring([secret]), server).listener, { next: 'end', text: secretNotKnown });
  const plain = new ListenerProver(ring([secret])).incoming(hello());
  t.match(plain, { next: 'end', text: /--secret-file/ }, 'a hello as up to 0.6');
  const short = { authMethod: 'challenge' as const, auth: new Uint8Array(7) };
  t.match(new ListenerProver(ring([secret])).incoming(hello(short)), { next: 'end' });
  const listener = new ListenerProver(ring([secret]));
  const named = new CallerProver(ring([secret])).outgoing(server);
  sent(listener.incoming(named), 'challenge');
  const guess = {
    type: 'proof' as const,
    proof: new Uint8Array(32),
    authMethod: 'none' as const,
    auth: new Uint8Array(),
  };
  t.match(listener.incoming(guess), { next: 'end', text: secretNotKnown }, 'a key’s name is no proof');
  const second = new ListenerProver(ring([secret]));
  sent(second.incoming(named), 'challenge');
  t.match(second.incoming({ type: 'submit', run: new Uint8Array(60) }), { next: 'end' }, 'nothing passes in between');
});

t.test('a listener that cannot prove itself hears neither the proof nor the token', async (t) => {
  const lies = (seen: MessageOf<'challenge'>): MessageOf<'challenge'> => ({ ...seen, proof: new Uint8Array(32) });
  t.match(handshake(ring([secret]), ring([secret]), server, { challenge: lies }).caller, { next: 'end' });
  const caller = new CallerProver(ring([secret]));
  caller.outgoing(server);
  t.match(caller.incoming(plainWelcome()), { next: 'end', text: /no cluster secret/ }, 'as releases up to 0.6 answer');
  const other = new CallerProver(ring([secret]));
  other.outgoing(server);
  t.match(other.incoming({ type: 'membersRequest', request: 1 }), { next: 'end' });
});

t.test('a recorded handshake is worth nothing', async (t) => {
  const recorded = handshake(ring([secret]), ring([secret]), server);
  t.equal(recorded.listener?.next, 'deliver');
  const listener = new ListenerProver(ring([secret]));
  sent(listener.incoming(recorded.helloThere), 'challenge');
  t.match(listener.incoming(recorded.proof as MessageOf<'proof'>), { next: 'end', text: secretNotKnown });
});

t.test('reflection: a hello of our own that comes back is refused, and a proof fits one direction only', async (t) => {
  const keyring = ring([secret]);
  const caller = new CallerProver(keyring);
  const own = caller.outgoing(server);
  t.match(new ListenerProver(keyring).incoming(own), { next: 'end', text: /our own/ });
  caller.end();
  // The handshake is over and its nonce forgotten: only the labels stand in the way then.
  const listener = new ListenerProver(keyring);
  const { nonce, proof } = sent(listener.incoming(own), 'challenge');
  t.match(listener.incoming({ type: 'proof', proof, authMethod: 'none', auth: nonce.subarray(0, 0) }), { next: 'end' });
});

t.test('an invitation makes a guest; the secret does not', async (t) => {
  const listeners = ring([secret], [invitation]);
  const chat = hello({ authMethod: 'token', auth: token });
  t.match(handshake(ring([], [invitation]), listeners, chat).listener, { next: 'deliver', guestBecause: /invitation/ });
  t.match(handshake(ring([secret]), listeners, chat).listener, { next: 'deliver', guestBecause: undefined });
  t.match(handshake(ring([secret], [invitation]), listeners, chat).listener, { guestBecause: undefined });
  t.match(handshake(ring([], [invitation]), ring([secret]), chat).listener, { next: 'end' });
});

t.test('several secrets: the first proves, all are accepted, so that each step of a change works', async (t) => {
  const steps = [ring([secret]), ring([secret, other]), ring([other, secret]), ring([other])];
  for (const [at, newer] of steps.slice(1).entries()) {
    const older = steps[at] as Keyring;
    t.equal(handshake(older, newer, server).listener?.next, 'deliver', `step ${at}: old to new`);
    t.equal(handshake(newer, older, server).listener?.next, 'deliver', `step ${at}: new to old`);
  }
  t.equal(handshake(ring([secret]), ring([other]), server).listener?.next, 'end', 'two steps at once do not');
});

t.test('what the keys are is fixed: another language can check itself against these', async (t) => {
  const keyring = ring([Buffer.from('0123456789abcdef')]);
  t.equal(Buffer.from(keyring.proving.id).toString('hex'), keyIdHex);
  t.equal(Buffer.from(keyring.proving.mac([Buffer.from('abc')])).toString('hex'), macHex);
  // A handshake as docs/PROTOCOL.md has it, built here by hand: labels, hello without its address, nonce, answer.
  const callers = new CallerProver(keyring);
  const listener = new ListenerProver(ring([Buffer.from('0123456789abcdef')]));
  const own = callers.outgoing({ ...server, authMethod: 'token', auth: token });
  const { nonce, proof } = sent(listener.incoming(own), 'challenge');
  const bare = encode({ ...own, address: '' });
  const mac = (label: string, ...parts: Uint8Array[]): string =>
    Buffer.from(keyring.proving.mac([Buffer.from(label), bare, nonce, ...parts])).toString('hex');
  t.equal(Buffer.from(proof).toString('hex'), mac('synod listener 1\0'));
  const answer = sent(callers.incoming({ type: 'challenge', nonce, proof }), 'proof');
  const unproved = encode({ ...answer, proof: new Uint8Array(32) });
  t.equal(Buffer.from(answer.proof).toString('hex'), mac('synod caller 1\0', unproved));
});
