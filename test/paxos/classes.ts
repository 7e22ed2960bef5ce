/** The fault class of a message type, as the registry has it. */
import { type MessageType, registry } from '../../src/wire/index.js';

export function messageClass(type: MessageType): 'p' | 'a' | 'c' | 'g' | 'r' | 'h' | undefined {
  return registry[type].faultClass;
}
