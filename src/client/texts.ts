/** What the codes of the protocol mean to a person: what happened, and what to do. */
import { limits, otherName } from '../base/index.js';
import type { Kept, OutcomeCode } from '../wire/index.js';
import type { Vouched } from './cluster.js';
import type { GivenUp, SessionEnd } from './outbox.js';
import type { PassedOver } from './room-stream.js';

const reasons: Readonly<Record<Exclude<OutcomeCode, 'ok'>, string>> = {
  NAME_TAKEN: 'The name belongs to another user; choose another one',
  BAD_NAME: `A name has 1 to ${limits.nameCharsMax} letters, digits or []{}^|\\_- and begins with no digit; choose another one`,
  BAD_ROOM: `A room is # and up to ${limits.roomCharsMax - 1} characters without spaces and commas, or @a,b; choose another one`,
  BAD_TEXT: 'The text is empty or holds control characters; change it and send it again',
  TOO_LONG: `The text is longer than ${limits.messageBytesMax} bytes; shorten it and send it again`,
  NOT_ALLOWED: 'You may not write to this room; join it or choose another one',
  BAD_NONCE: 'The session belongs to somebody else; start the client again',
  SESSION_EXPIRED: 'The session expired after a long absence; send the line again if it is missing',
  UNKNOWN_COMMAND: 'The servers do not know this command; update them or the client',
  NAME_BLOCKED: 'The name is blocked; ask whoever runs this chat, or use another name',
};

/** One sentence for a line or a registration that the log refused. */
export function reasonOf(code: Exclude<OutcomeCode, 'ok'>): string {
  return reasons[code];
}

/** What each line without an answer is told at the end of it all: only the user can find out more. */
const lookThere = 'the line may be in the room or not; look there, and send it again if it is missing';

/** Told with the lines that are open when the client is closed. */
export const closedReasons: GivenUp = {
  UNKNOWN: `The client was closed before an answer came: ${lookThere}`,
  NOT_SENT: 'The client was closed before the line could be sent; send it again',
};

/** Why lines fail before they wait anywhere, or while they do. */
export const notSentReasons = {
  reader: 'This client has no name and only reads; give it a name and send the line again',
  closed: 'The client was closed before this line came; open another one and send it again there',
  takenBack: 'It was taken back before it was sent; send it again if it is wanted after all',
} as const;

export function tooManyText(open: number): string {
  return `${count(open, 'line')} ${open === 1 ? 'waits' : 'wait'} already; wait until some are committed and send it again`;
}

/** Why a session is over; `said` is what the server knows of it, '' for nothing. */
function sessionOver(code: SessionEnd, said: string): string {
  if (said !== '') return said;
  if (code === 'BAD_NONCE') return 'it belongs to somebody else';
  return 'it was idle for too long, or its name was given away';
}

/** Told with each line that was sent in a session that is over. */
export function sessionOverReason(code: SessionEnd, said: string): string {
  return `The session ended before an answer came (${sessionOver(code, said)}): ${lookThere}`;
}

/** `unknown`: how many lines that were. */
export function sessionOverText(code: SessionEnd, said: string, unknown: number): string {
  const stay = unknown === 1 ? 'stays unconfirmed: look whether it is' : 'stay unconfirmed: look whether they are';
  const fate = unknown === 0 ? '' : ` ${count(unknown, 'line')} ${stay} in the room;`;
  return `Your session is over (${sessionOver(code, said)});${fate} a new one is being opened`;
}

/** Why a room is not shown. */
export function readRefusedText(code: Exclude<OutcomeCode, 'ok'>): string {
  if (code === 'NOT_ALLOWED') return 'Only the two people of a direct-message room can read it; check the names';
  return reasonOf(code);
}

/** `reason` may begin with the address, as texts about a dial do. */
export function noBalancerText(address: string, reason: string): string {
  const why = reason.replace(`${address}: `, '');
  return `No balancer at ${address} (${why}). Is it running? Start one: synod balancer (or pass --balancer HOST:PORT)`;
}

/** Clusters are told apart by the beginning of their ids, as in the logs. */
function short(cluster: string): string {
  return cluster.slice(0, 8);
}

/** A server that nobody vouches for. `own` is '' before the client is of a cluster. */
export function foreignServerText(address: string, met: string, own: string, vouched: Vouched): string {
  const belongs = `${address} belongs to another cluster (${short(met)}) than`;
  if (own === '' && vouched.by === 'balancer') {
    const what = `${belongs} the balancer that named it (${short(vouched.cluster)}) and is left alone`;
    return `${what}. Look which of the two is yours: another balancer: --balancer HOST:PORT, or that server: --server ${address}`;
  }
  const what = `${belongs} this chat (${short(own)}) and is left alone`;
  return `${what}. If yours was restored or made anew there, start its balancer, or name that server: --server ${address}`;
}

/** Another cluster has taken the place of ours. */
export function otherClusterText(before: string, now: string, { unconfirmed, notSent }: GivenUpLines): string {
  const fates = [
    ...(unconfirmed === 0 ? [] : [`${count(unconfirmed, 'line')} without an answer may be in the old one only`]),
    ...(notSent === 0 ? [] : [`${count(notSent, 'waiting line')} ${notSent === 1 ? 'was' : 'were'} not sent`]),
  ];
  const lost = fates.length === 0 ? '' : ` ${fates.join(', ')}: send again what is missing.`;
  return (
    `Another cluster answers (${short(now)}, before it was ${short(before)}): it was restored from a backup, or made ` +
    `anew. Rooms and the numbers in them begin anew.${lost}`
  );
}

/** How many lines a change of the cluster ended. */
export interface GivenUpLines {
  readonly unconfirmed: number;
  readonly notSent: number;
}

/** What is told with each of them. */
export const otherClusterReasons: GivenUp = {
  UNKNOWN:
    'Another cluster answers now: the line may be in the one before or not, and is not sent again by itself; send it ' +
    'again if it is missing',
  NOT_SENT: 'Another cluster answers now than the one it was written for; send it again if it is meant for this one',
};

/** For questions that waited. */
export const otherClusterAnswer = 'Another cluster answers now than the one that was asked; ask again';

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** As in UX.md: the size, the limit, and that nothing was sent. */
export function tooLongText(bytes: number): string {
  const size = `${bytes.toLocaleString('en')} bytes; the limit is ${limits.messageBytesMax.toLocaleString('en')}`;
  return `Message is ${size}. Nothing was sent; shorten it and send it again`;
}

export function nameText(code: OutcomeCode, name: string): string {
  if (code === 'NAME_TAKEN')
    return `The name "${name}" belongs to another user. Pick another one: /nick ${otherName(name)}, or --name ${otherName(name)}`;
  if (code === 'ok') return '';
  return `The name "${name}" was refused: ${reasonOf(code)}`;
}

/** How many messages are gone, and where the room goes on. */
export function passedOverText({ room, firstN, byRetention }: Kept, { events, messages }: PassedOver): string {
  const [count, what] = messages === undefined ? [events, 'event'] : [messages, 'message'];
  const are = `${count} ${what}${count === 1 ? ' of' : 's of'} ${room} ${count === 1 ? 'is' : 'are'}`;
  const why = byRetention ? 'deleted by its retention' : 'no longer kept by this server';
  return `${are} ${why}; the room goes on with message ${firstN}`;
}
