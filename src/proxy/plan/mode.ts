/** The write-up's fault grammar, `p:10::a:20::c:30` (BEHAVIOUR.md 5), turned into rules. */
import { PlanError } from './errors.js';
import type { JsonObject } from './fields.js';
import { type Rule, readRule } from './rule.js';

interface ModeItem {
  readonly letter: string;
  readonly seconds: number;
}

/** Which classes of frames each letter means; `d` means everything, heartbeats included, and drops it. */
const classesOf: Readonly<Record<string, string>> = { p: 'p', a: 'a', c: 'c', g: 'g', r: 'r', s: 'pacgr', d: '' };
const help =
  'write letter:seconds, joined by "::"; p prepare, a accept, c commit, g learn, r forward, s all of these, d drop everything';
/** A day; a frame held longer is as good as lost. */
const secondsMax = 86_400;

/** Reads a mode; an empty text has no items. @throws PlanError that names the letters. */
export function readMode(text: string): readonly ModeItem[] {
  if (text === '') return [];
  return text.split('::').map((item) => {
    const found = /^([a-z]):(\d{1,5})$/.exec(item);
    const letter = found?.[1] ?? '';
    const seconds = Number(found?.[2]);
    if (classesOf[letter] === undefined || !(seconds <= secondsMax))
      throw new PlanError(`'${item}' is no fault: ${help}`);
    return { letter, seconds };
  });
}

/** The rules of `server`'s mode, on all its links to other servers, both directions. @throws PlanError */
export function modeRules(server: number, text: string): Rule[] {
  const group = `mode ${server}`;
  return modeRuleBodies(server, text).map((body) => readRule(body, '', group));
}

/**
 * The same as the control API takes them; with `*` once on every link between servers, whichever the two are.
 *
 * @throws PlanError
 */
export function modeRuleBodies(server: number | '*', text: string): JsonObject[] {
  return readMode(text).flatMap(({ letter, seconds }, place) => {
    const classes = classesOf[letter] as string;
    const action = letter === 'd' ? { type: 'drop' } : { type: 'delay', time: `${seconds}s` };
    const kinds = classes === '' ? {} : { classes };
    const named = server === '*' ? 'all' : server;
    // A letter may stand twice; its delays then add up, as everything in a mode does.
    const rule = (from: number | '*', to: number | '*'): JsonObject => ({
      id: `mode ${named} ${letter}${place + 1} ${from}>${to}`,
      match: { from, to, ...kinds },
      do: action,
    });
    return server === '*' ? [rule('*', '*')] : [rule(server, '*'), rule('*', server)];
  });
}
