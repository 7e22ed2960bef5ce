/** The face of editor: the line being written, its commands, its history, and where it and its cursor are painted. */
export { type Cell, cursorCell } from './cell.js';
export { type EditCommand, edit } from './edit.js';
export { type Editor, emptyEditor, insert, replaceRange, setText } from './editor.js';
export { emptyHistory, type History, newer, older, remember } from './history.js';
