/** The full-screen chat; and its table of commands, which line mode reads, too. */
export { type Command, commandHelp, readCommand, type Surface, usageOf } from './model/commands.js';
export type { FaultAction, FaultAnswer, FaultControl, FaultLink, FaultState } from './model/faults.js';
export type { ThemeName } from './model/model.js';
export { statusTexts } from './model/status-texts.js';
export { ScreenChat, type ScreenChatOptions } from './screen-chat.js';
