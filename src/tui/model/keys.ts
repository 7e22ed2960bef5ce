/** The keys, in one table: it dispatches, it is what F1 prints, and it stands in the manual. */
import type { EditCommand } from '../editor/index.js';

export type Action =
  | { readonly kind: 'edit'; readonly command: EditCommand }
  | {
      readonly kind:
        | 'send'
        | 'older'
        | 'newer'
        | 'complete'
        | 'completeBack'
        | 'pageUp'
        | 'pageDown'
        | 'top'
        | 'bottom'
        | 'nextUnread'
        | 'firstUnread'
        | 'roomUp'
        | 'roomDown'
        | 'search'
        | 'escape'
        | 'help'
        | 'links'
        | 'mouse'
        | 'people'
        | 'redraw'
        | 'suspend'
        | 'interrupt'
        | 'endOfInput';
    }
  | { readonly kind: 'room'; readonly index: number };

export interface KeySpec {
  /** As the terminal names them; the first one is shown. */
  readonly keys: readonly string[];
  readonly help: string;
  /** Under which heading it is shown. */
  readonly group: 'Sending' | 'Editing' | 'Moving' | 'Rooms' | 'Screen';
  /** How the keys are written where they are shown, if not by their names. */
  readonly shown?: string;
  readonly action: Action;
}

const edit = (command: EditCommand): Action => ({ kind: 'edit', command });

export const keyTable: readonly KeySpec[] = [
  { keys: ['Enter'], help: 'send, or do the command', group: 'Sending', action: { kind: 'send' } },
  { keys: ['M-Enter', 'C-j'], help: 'begin a new line of the same message', group: 'Sending', action: edit('newline') },
  {
    keys: ['Tab'],
    help: 'complete a name, #room or /command; again: the next',
    group: 'Sending',
    action: { kind: 'complete' },
  },
  { keys: ['S-Tab'], help: 'the completion before', group: 'Sending', action: { kind: 'completeBack' } },
  { keys: ['Up', 'C-p'], help: 'what you sent before', group: 'Sending', action: { kind: 'older' } },
  {
    keys: ['Down', 'C-n'],
    help: 'what you sent after that, then your draft',
    group: 'Sending',
    action: { kind: 'newer' },
  },
  { keys: ['C-a', 'Home'], help: 'to the beginning of the line', group: 'Editing', action: edit('home') },
  { keys: ['C-e', 'End'], help: 'to the end of the line', group: 'Editing', action: edit('end') },
  { keys: ['Left', 'C-b'], help: 'one character back', group: 'Editing', action: edit('left') },
  { keys: ['Right', 'C-f'], help: 'one character on', group: 'Editing', action: edit('right') },
  { keys: ['M-b', 'C-Left', 'M-Left'], help: 'one word back', group: 'Editing', action: edit('wordLeft') },
  { keys: ['M-f', 'C-Right', 'M-Right'], help: 'one word on', group: 'Editing', action: edit('wordRight') },
  { keys: ['Backspace', 'C-h'], help: 'delete back', group: 'Editing', action: edit('backspace') },
  { keys: ['Delete'], help: 'delete here', group: 'Editing', action: edit('delete') },
  { keys: ['C-w', 'M-Backspace'], help: 'cut the word before', group: 'Editing', action: edit('killWordBack') },
  { keys: ['M-d'], help: 'cut the word behind', group: 'Editing', action: edit('killWordForward') },
  { keys: ['C-u'], help: 'cut to the beginning of the line', group: 'Editing', action: edit('killToStart') },
  { keys: ['C-k'], help: 'cut to the end of the line', group: 'Editing', action: edit('killToEnd') },
  { keys: ['C-y'], help: 'put in what was cut', group: 'Editing', action: edit('yank') },
  { keys: ['C-t'], help: 'swap two characters', group: 'Editing', action: edit('transpose') },
  { keys: ['C-_'], help: 'undo', group: 'Editing', action: edit('undo') },
  { keys: ['PageUp'], help: 'scroll back; older history loads by itself', group: 'Moving', action: { kind: 'pageUp' } },
  { keys: ['PageDown'], help: 'scroll on', group: 'Moving', action: { kind: 'pageDown' } },
  { keys: ['M-<'], help: 'to the oldest line that is loaded', group: 'Moving', action: { kind: 'top' } },
  { keys: ['M->'], help: 'to the newest line', group: 'Moving', action: { kind: 'bottom' } },
  { keys: ['M-u'], help: 'to the first unread line', group: 'Moving', action: { kind: 'firstUnread' } },
  {
    keys: ['C-r'],
    help: 'search back in what was said; again: older; Esc leaves',
    group: 'Moving',
    action: { kind: 'search' },
  },
  { keys: ['Esc'], help: 'close what is open, else to the newest line', group: 'Moving', action: { kind: 'escape' } },
  { keys: ['M-a'], help: 'to the next room with something unread', group: 'Rooms', action: { kind: 'nextUnread' } },
  { keys: ['M-Up'], help: 'to the room above', group: 'Rooms', action: { kind: 'roomUp' } },
  { keys: ['M-Down'], help: 'to the room below', group: 'Rooms', action: { kind: 'roomDown' } },
  ...Array.from({ length: 9 }, (_, index): KeySpec => {
    const help = index === 0 ? 'to the first, second … room' : '';
    return { keys: [`M-${index + 1}`], shown: 'M-1..9', help, group: 'Rooms', action: { kind: 'room', index } };
  }),
  { keys: ['F1'], help: 'this help', group: 'Screen', action: { kind: 'help' } },
  { keys: ['F3'], help: 'links between the servers, and faults on them', group: 'Screen', action: { kind: 'links' } },
  {
    keys: ['F6'],
    help: 'mouse on or off: off, your terminal selects text',
    group: 'Screen',
    action: { kind: 'mouse' },
  },
  { keys: ['F8'], help: 'show or hide the people', group: 'Screen', action: { kind: 'people' } },
  { keys: ['C-l'], help: 'draw everything anew', group: 'Screen', action: { kind: 'redraw' } },
  { keys: ['C-z'], help: 'suspend; fg comes back', group: 'Screen', action: { kind: 'suspend' } },
  {
    keys: ['C-c'],
    help: 'clear the line; twice on an empty one: leave',
    group: 'Screen',
    action: { kind: 'interrupt' },
  },
  { keys: ['C-d'], help: 'on an empty line: leave', group: 'Screen', action: { kind: 'endOfInput' } },
];

const byName = new Map(keyTable.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const)));

/** What a key does; undefined: nothing. */
export function actionOf(key: string): Action | undefined {
  return byName.get(key);
}

/** The rows of F1 and of the manual: keys and what they do, under headings. */
export function keyHelp(): { readonly group: string; readonly rows: readonly (readonly [string, string])[] }[] {
  const groups = new Map<string, [string, string][]>();
  for (const { keys, shown, help, group } of keyTable) {
    if (help === '') continue;
    const rows = groups.get(group) ?? [];
    groups.set(group, rows);
    rows.push([shown ?? keys.join(' '), help]);
  }
  return [...groups].map(([group, rows]) => ({ group, rows }));
}
