/** What applying costs: runs of posts through the chat's state machine alone, in microseconds a message. */
import { ChatState } from '../src/chat/index.js';
import { encodeEntry, encodeRun, registerItem, runItem } from '../src/wire/index.js';

/** Applies `messages` posts of `textBytes` in runs of `runMessages`, `runsPerSlot` sessions to a slot. */
function measure(
  messages: number,
  runMessages: number,
  runsPerSlot: number,
  textBytes: number,
  wanted: boolean,
): number {
  const chat = new ChatState({ wanted: () => wanted });
  const stamp = { elapsedMs: 1, wallMs: 1_700_000_000_000 };
  const nonces = Array.from({ length: runsPerSlot }, (_, i) => Buffer.alloc(16, i + 1));
  const registers = nonces.map((nonce, i) =>
    registerItem({ nonce, window: 4096, server: 1, tokenHash: Buffer.alloc(32, i + 1), name: `bench${i}` }),
  );
  chat.apply(1, encodeEntry(stamp, registers));
  const text = 'x'.repeat(textBytes);
  const posts = Array.from({ length: runMessages }, () => ({ kind: 'post' as const, room: '#lobby', text }));
  const slots = Math.ceil(messages / (runMessages * runsPerSlot));
  /** Microseconds a message of each stretch; the median is given, so that other processes' turns don't count. */
  const costsUs: number[] = [];
  // Entries are made a few at a time, outside of what is measured, as the network would make them.
  for (let done = 0; done < slots; ) {
    const values: Buffer[] = [];
    for (let i = 0; i < 50 && done + i < slots; i++) {
      const firstSeq = (done + i) * runMessages + 1;
      const items = nonces.map((nonce, index) =>
        runItem(encodeRun({ session: { slot: 1, index }, nonce, firstSeq, answeredBelow: firstSeq }, posts)),
      );
      values.push(encodeEntry(stamp, items));
    }
    const from = process.hrtime.bigint();
    let slot = 2 + done;
    for (const value of values) chat.apply(slot++, value);
    const spentUs = Number(process.hrtime.bigint() - from) / 1000;
    costsUs.push(spentUs / (values.length * runMessages * runsPerSlot));
    done += values.length;
    if (done % 1000 < 50) {
      chat.takeDirty();
      chat.stored();
    }
  }
  costsUs.sort((a, b) => a - b);
  return costsUs[costsUs.length >> 1] ?? 0;
}

const cases = [
  { runMessages: 256, runsPerSlot: 4, textBytes: 100, wanted: false },
  { runMessages: 256, runsPerSlot: 4, textBytes: 100, wanted: true },
  { runMessages: 16, runsPerSlot: 16, textBytes: 100, wanted: false },
  { runMessages: 1, runsPerSlot: 16, textBytes: 100, wanted: false },
];
for (const { runMessages, runsPerSlot, textBytes, wanted } of cases) {
  measure(100_000, runMessages, runsPerSlot, textBytes, wanted);
  const us = measure(1_000_000, runMessages, runsPerSlot, textBytes, wanted);
  const what = `${runsPerSlot} runs of ${runMessages} a slot, ${textBytes} B, ${wanted ? 'with' : 'without'} groups`;
  process.stdout.write(`${what}: ${us.toFixed(3)} us a message\n`);
}
