/** Planted bug "session de-duplication off": a run that was applied before is applied again, as if it were new. */
import { writeU53 } from '../../src/base/index.js';
import { type ChatOptions, ChatState } from '../../src/chat/index.js';
import { EntryReader, ITEM_RUN, readRunHeader } from '../../src/wire/index.js';

/** Where a run's header holds firstSeq and answeredBelow (wire/run.ts). */
const firstSeqAt = 28;
const answeredBelowAt = 36;

/** A state machine that renumbers every repeated run before it applies the slot; production code is not touched. */
export function forgetfulChat(options: ChatOptions): ChatState {
  const chat = new ChatState(options);
  const apply = chat.apply.bind(chat);
  chat.apply = (slot, value) => apply(slot, renumbered(chat, value));
  return chat;
}

function renumbered(chat: ChatState, value: Uint8Array): Uint8Array {
  const copy = Buffer.from(value);
  const last = new Map<string, number>();
  const items = new EntryReader().resetEntry(copy);
  while (items.next()) {
    if (items.kind !== ITEM_RUN) continue;
    const { session, firstSeq, count } = readRunHeader(copy, items.offset);
    const key = `${session.slot}.${session.index}`;
    const done = last.get(key) ?? chat.session(session)?.lastSeq ?? 0;
    if (firstSeq > done) {
      if (firstSeq === done + 1) last.set(key, done + count);
      continue;
    }
    writeU53(copy, items.offset + firstSeqAt, done + 1);
    writeU53(copy, items.offset + answeredBelowAt, 0);
    last.set(key, done + count);
  }
  return copy;
}
