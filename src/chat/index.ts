/** The face of the chat's state machine. */
export { DamagedRow } from './bytes.js';
export { checkSubmit } from './check-submit.js';
export { isHistoryRow } from './keys.js';
export { HistoryError } from './render.js';
export type { Floor } from './retention.js';
export { canonicalRoom, directRoom, foldName, isName } from './rules.js';
export { ChatState } from './state.js';
export type {
  Answer,
  Applied,
  Attachment,
  BeginningReader,
  ChatLimits,
  ChatOptions,
  Decided,
  DecisionOutcome,
  Dirty,
  MembersChange,
  NameView,
  PageReader,
  PageRequest,
  Registration,
  ResumeCheck,
  RoomGroup,
  RoomView,
  Row,
  RowRange,
  SessionView,
  Told,
} from './types.js';
