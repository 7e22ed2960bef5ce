/** What lies over the messages: help, the matrix of links, the preview of what was pasted. */
import { clipWith, pad, wrap } from '../text/index.js';
import type { FaultLink } from './faults.js';
import type { Row, Style } from './frame.js';
import { helpLines } from './help.js';
import { asciiWords, type Look, plain, signs } from './look.js';
import type { Model, Popup } from './model.js';
import { serversOf } from './on-links-key.js';

const previewRows = 5;
const cellColumns = 16;

export function helpRows(model: Model, { theme, isAscii }: Look, top: number, height: number): Row[] {
  const lines = helpLines(model);
  const shown = lines.slice(top, top + height - 1);
  const rest = lines.length - top - shown.length;
  const foot = rest > 0 ? `-- ${rest} more: PageDown --` : '-- any key closes --';
  return [
    ...shown.map((line): Row => {
      const style = line.startsWith(' ') ? plain : theme.strong;
      return [{ text: clipWith(asciiWords(line, isAscii), model.columns, signs(isAscii).ellipsis), style }];
    }),
    [{ text: clipWith(foot, model.columns, ''), style: theme.quiet }],
  ];
}

export function linksRows(model: Model, look: Look, popup: Popup & { kind: 'links' }, height: number): Row[] {
  const { theme, isAscii } = look;
  const { faults, faultTrouble, columns } = model;
  const { ellipsis } = signs(isAscii);
  const text = (line: string, style: Style = plain): Row => [
    { text: clipWith(asciiWords(line, isAscii), columns, ellipsis), style },
  ];
  if (faults === undefined)
    return [text('LINKS', theme.strong), text(faultTrouble === '' ? 'asking the fault proxy …' : faultTrouble)];
  if (columns < 40 || height < 6) {
    const words = 'F3 needs 40x10; /cut, /delay, /loss and /heal work here. Esc closes.';
    return wrap(words, columns).map((line) => text(line));
  }
  const servers = serversOf(faults);
  const byEnds = new Map(faults.links.map((link) => [`${link.from}>${link.to}`, link]));
  const width = Math.max(6, Math.min(cellColumns, Math.floor((columns - 6) / Math.max(1, servers.length))));
  const head = `${pad('from', 6)}${servers.map((id) => pad(`to s${id}`, width)).join('')}`;
  const matrix = servers.map(
    (from, row): Row => [
      { text: pad(`s${from}`, 6), style: theme.strong },
      ...servers.map((to, column) => {
        const isHere = popup.row === row && popup.column === column;
        const state = from === to ? '-' : linkState(byEnds.get(`${from}>${to}`), faults.rules);
        const isBroken = state !== '-' && state !== 'ok';
        const style = isHere ? theme.bar : isBroken ? theme.alarm : theme.quiet;
        return { text: pad(clipWith(state, width - 1, ellipsis), width), style };
      }),
    ],
  );
  const rules = [
    ...faults.rules.map(({ text: rule }) => `  ${rule}`),
    ...faults.toxics.map((toxic) => `  toxic ${toxic}`),
  ];
  const foot = 'arrows choose · x cut · 1 cut one way · d delay · l loss · h heal all · Esc closes';
  const rows = [
    text('LINKS between servers', theme.strong),
    text(head, theme.quiet),
    ...matrix,
    text(''),
    text(
      rules.length === 0 ? 'No faults are set.' : `FAULTS ${rules.length}`,
      rules.length === 0 ? theme.good : theme.trouble,
    ),
    ...rules.map((rule) => text(rule)),
  ];
  const keys = wrap(foot, columns).map((line) => text(line, theme.quiet));
  const space = Math.max(1, height - keys.length);
  if (rows.length <= space) return [...rows, ...keys];
  return [...rows.slice(0, space - 1), text(`and ${rows.length - space + 1} more`, theme.quiet), ...keys];
}

/** In a word what the rules do to a link; a rule's text is `name: what it does on these links of these frames`. */
export function linkState(
  link: FaultLink | undefined,
  rules: readonly { readonly id: string; readonly text: string }[],
): string {
  if (link === undefined) return 'no traffic';
  const [first, ...more] = link.rules;
  if (first === undefined) return 'ok';
  const text = rules.find(({ id }) => id === first)?.text ?? '';
  const [what = '', where = ''] = text.slice(first.length + 2).split(' on ');
  const word = what === 'drop' ? dropWord(where) : what === '' ? first : what;
  return more.length === 0 ? word : `${word} +${more.length}`;
}

/** A rule that drops every frame cuts the link; one that chooses loses some. */
function dropWord(where: string): string {
  const probability = /"probability":"?([\d.]+)(%?)"?/.exec(where);
  if (probability !== null) return `loss ${probability[2] === '%' ? probability[1] : Number(probability[1]) * 100}%`;
  return where.includes(' of ') ? 'some lost' : 'CUT';
}

export function pasteRows({ theme, isAscii }: Look, pasted: string, columns: number, height: number): Row[] {
  const { ellipsis, bar } = signs(isAscii);
  const lines = pasted.split('\n');
  const bytes = new TextEncoder().encode(pasted).length;
  const words = columns < 60 ? 'Enter send · l lines · e edit · Esc back' : pasteKeys;
  const keys = wrap(asciiWords(words, isAscii), columns).slice(0, height);
  const space = height - keys.length;
  const head = `PASTE ${lines.length} lines, ${bytes} bytes. Nothing is sent yet.`;
  const count = Math.max(0, Math.min(previewRows, lines.length, space - 1));
  const shown = lines.slice(0, lines.length > count ? Math.max(0, count - 1) : count);
  const rest = lines.length - shown.length;
  const preview = [
    [{ text: clipWith(head, columns, ellipsis), style: theme.strong }],
    ...shown.map(
      (line): Row => [
        { text: `${bar} `, style: theme.quiet },
        { text: clipWith(line, Math.max(1, columns - 2), ellipsis) },
      ],
    ),
    ...(rest > 0 ? [[{ text: `and ${rest} more`, style: theme.quiet }]] : []),
  ];
  return [...preview.slice(0, space), ...keys.map((line): Row => [{ text: line, style: theme.pending }])];
}

const pasteKeys = 'Enter: send as one message · l: line by line · e: into the input line · Esc: back';
