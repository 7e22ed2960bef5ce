/** The face of the chat's state machine. */
export { DamagedRow } from './bytes.js';
export { checkSubmit } from './check-submit.js';
export { HistoryError } from './render.js';
export { canonicalRoom, directRoom, foldName, isName } from './rules.js';
export { ChatState } from './state.js';
export type {
  Answer,
  Applied,
  Attachment,
  BeginningReader,
  ChatLimits,
  ChatOptions,
  Dirty,
  MembersChange,
  PageReader,
  PageRequest,
  Registration,
  ResumeCheck,
  RoomGroup,
  RoomView,
  Row,
  RowRange,
  SessionView,
} from './types.js';
