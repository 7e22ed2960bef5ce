/** What an operator wants decided about rooms and names, and which names there are. */
import { limits } from '../../base/index.js';
import { type DecisionVerb, decisionVerbs } from '../decision-item.js';
import { TOKEN_HASH_BYTES } from '../entry.js';
import { clip, readList, writeList } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import { type WishOutcome, wishOutcomes } from './members.js';

/** Operator → server: put this decision into the log. What a verb has no use for is 0, empty or zeros. */
export interface Decide {
  readonly type: 'decide';
  readonly request: number;
  readonly verb: DecisionVerb;
  /** A room or a name. */
  readonly subject: string;
  /** retain: 0 for no bound. */
  readonly count: number;
  readonly ageMs: number;
  /** recover: the SHA-256 of the token that the name belongs to from now on. */
  readonly tokenHash: Uint8Array;
  /** block: why. */
  readonly why: string;
}

export const decideSpec = defineMessage<Decide>({
  type: 'decide',
  code: 74,
  from: ['operator'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    decisionVerbs.write(w, m.verb);
    w.string(m.subject);
    w.u53(m.count);
    w.u53(m.ageMs);
    w.fixed(m.tokenHash, TOKEN_HASH_BYTES);
    w.string(m.why);
  },
  read: (r) => ({
    type: 'decide',
    request: r.u53(),
    verb: decisionVerbs.read(r),
    subject: r.string(),
    count: r.u53(),
    ageMs: r.u53(),
    tokenHash: r.fixed(TOKEN_HASH_BYTES),
    why: r.string(),
  }),
});

/** Server → operator: `taken` when the decision was applied on this server; `refused` when it has no effect. */
export interface DecideAnswer {
  readonly type: 'decideAnswer';
  readonly request: number;
  readonly outcome: WishOutcome;
  /** What holds now, or why not and what to do. */
  readonly text: string;
}

export const decideAnswerSpec = defineMessage<DecideAnswer>({
  type: 'decideAnswer',
  code: 75,
  from: ['server'],
  to: ['operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    wishOutcomes.write(w, m.outcome);
    w.string(clip(m.text, limits.refusalTextCharsMax));
  },
  read: (r) => ({ type: 'decideAnswer', request: r.u53(), outcome: wishOutcomes.read(r), text: r.string() }),
});

/** Operator → server: which names are claimed or blocked? */
export interface NamesRequest {
  readonly type: 'namesRequest';
  readonly request: number;
  /** Only those that are blocked. */
  readonly blocked: boolean;
  /** Only names behind this one; "" begins. */
  readonly after: string;
}

export const namesRequestSpec = defineMessage<NamesRequest>({
  type: 'namesRequest',
  code: 76,
  from: ['operator'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.bool(m.blocked);
    w.string(m.after);
  },
  read: (r) => ({ type: 'namesRequest', request: r.u53(), blocked: r.bool(), after: r.string() }),
});

export interface NameRow {
  readonly name: string;
  /** It belongs to somebody. */
  readonly claimed: boolean;
  readonly blocked: boolean;
  /** Why it is blocked; "" if nobody said. */
  readonly why: string;
  /** Clients of it that are connected, as far as the log knows. */
  readonly clients: number;
}

/** Server → operator: names in the order in which they are compared; `more` follow behind the last one. */
export interface Names {
  readonly type: 'names';
  readonly request: number;
  readonly more: boolean;
  readonly names: readonly NameRow[];
}

/** name, claimed, blocked, why, clients. */
const NAME_BYTES_MIN = 2 + 1 + 1 + 2 + 4;

export const namesSpec = defineMessage<Names>({
  type: 'names',
  code: 77,
  from: ['server'],
  to: ['operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.bool(m.more);
    writeList(w, m.names, (item, { name, claimed, blocked, why, clients }) => {
      item.string(name);
      item.bool(claimed);
      item.bool(blocked);
      item.string(why);
      item.u32(clients);
    });
  },
  read: (r) => ({
    type: 'names',
    request: r.u53(),
    more: r.bool(),
    names: readList(r, NAME_BYTES_MIN, (item) => ({
      name: item.string(),
      claimed: item.bool(),
      blocked: item.bool(),
      why: item.string(),
      clients: item.u32(),
    })),
  }),
});
