/** Planted bugs in the state machine, from outside: what it is given is changed, or what it says. */
import { limits, writeU53 } from '../../../src/base/index.js';
import { type ChatOptions, ChatState } from '../../../src/chat/index.js';
import { EntryReader, ITEM_RUN, noopEntry, readEntryHeader, readRunHeader } from '../../../src/wire/index.js';

/** Where a run's header holds firstSeq and answeredBelow (wire/run.ts). */
const firstSeqAt = 28;
const answeredBelowAt = 36;

/** De-duplication off: a run that was applied before is applied again, as if it were new. */
export function forgetfulChat(options: ChatOptions): ChatState {
  return withValues(new ChatState(options), (chat, value) => renumbered(chat, value, (first, due) => first < due));
}

/** A run that came before the one it follows is applied all the same (RELIABILITY.md, pitfall 24). */
export function hastyChat(options: ChatOptions): ChatState {
  return withValues(new ChatState(options), (chat, value) => renumbered(chat, value, (first, due) => first > due));
}

/** Sessions live for a time that each server reads off a clock of its own (pitfall 25). */
export function localClockChat(options: ChatOptions, server: number): ChatState {
  const sessionExpiryMs = (options.limits?.sessionExpiryMs ?? limits.sessionExpiryMs) + 100 * server;
  return new ChatState({ ...options, limits: { ...options.limits, sessionExpiryMs } });
}

/** Now and then a slot is applied empty, here and not there (pitfall 51). */
export function moodyChat(options: ChatOptions, server: number): ChatState {
  let applied = 0;
  return withValues(new ChatState(options), (_chat, value) => {
    applied++;
    return applied % (150 + server) === 0 ? noopEntry(readEntryHeader(value)) : value;
  });
}

/** Answers name the slot behind the right one. */
export function wrongSlotChat(options: ChatOptions): ChatState {
  const chat = new ChatState(options);
  const apply = chat.apply.bind(chat);
  chat.apply = (slot, value) => {
    const applied = apply(slot, value);
    return { ...applied, answers: applied.answers.map((answer) => ({ ...answer, slot: answer.slot + 1 })) };
  };
  return chat;
}

function withValues(chat: ChatState, change: (chat: ChatState, value: Uint8Array) => Uint8Array): ChatState {
  const apply = chat.apply.bind(chat);
  chat.apply = (slot, value) => apply(slot, change(chat, value));
  return chat;
}

/** Runs whose first seq `isWrong` become the ones that are due. */
function renumbered(
  chat: ChatState,
  value: Uint8Array,
  isWrong: (firstSeq: number, due: number) => boolean,
): Uint8Array {
  const copy = Buffer.from(value);
  const last = new Map<string, number>();
  const items = new EntryReader().resetEntry(copy);
  while (items.next()) {
    if (items.kind !== ITEM_RUN) continue;
    const { session, firstSeq, count } = readRunHeader(copy, items.offset);
    const key = `${session.slot}.${session.index}`;
    const done = last.get(key) ?? chat.session(session)?.lastSeq ?? 0;
    if (!isWrong(firstSeq, done + 1)) {
      if (firstSeq === done + 1) last.set(key, done + count);
      continue;
    }
    writeU53(copy, items.offset + firstSeqAt, done + 1);
    writeU53(copy, items.offset + answeredBelowAt, 0);
    last.set(key, done + count);
  }
  return copy;
}
