/** The face of the chat's state machine. */
export { ChatState } from './state.js';
export type {
  Answer,
  Applied,
  Attachment,
  ChatLimits,
  ChatOptions,
  Dirty,
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
