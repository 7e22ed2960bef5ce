/** The values in a peer's frame must be readable before they come near the log: every server will execute them. */
import type { PaxosMessage } from '../../paxos/index.js';
import { checkBatch, checkEntry, ProtocolError } from '../../wire/index.js';

/**
 * What is wrong with a value that the frame carries, or undefined. To paxos values are opaque, and apply takes them for
 * checked: one unreadable batch in the log would stop every server, now and after each restart.
 */
export function valueFault(message: PaxosMessage): string | undefined {
  try {
    switch (message.type) {
      case 'forward':
        checkBatch(message.bytes);
        break;
      case 'accept':
        checkEntry(message.value);
        break;
      case 'learnReply':
        for (const value of message.values) checkEntry(value);
        break;
      case 'promise':
        for (const { value } of message.entries) checkEntry(value);
        break;
      default:
        break;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `${message.type} with a value that nobody can read: ${error.message}`;
  }
}
