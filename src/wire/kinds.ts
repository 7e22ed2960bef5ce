/** The kinds of messages in runs and of events in groups: one set, one numbering. */
import { enumeration } from './fields.js';
import type { EventKind } from './messages/rooms.js';

/** 1 post 2 action 3 join 4 leave 5 topic 6 nick; append only. */
export const eventKinds = enumeration<EventKind>(['post', 'action', 'join', 'leave', 'topic', 'nick']);
