/** Says when a new rule cannot act on anything that is there: a mistyped end, a kind that never passes. */
import { mayCarry, type Party, registry } from '../../wire/index.js';
import { type End, linkName } from './ends.js';
import type { Rule } from './rule.js';

/** The links that are there, or were: who talks to whom. */
export interface KnownLink {
  readonly from: End;
  readonly to: End;
}

/** Undefined when the rule matches something; else one line that says why it does not. */
export function ruleWarning(rule: Rule, links: readonly KnownLink[]): string | undefined {
  const { match, id } = rule;
  const known = links.filter(({ from, to }) => isRuled(from) && isRuled(to));
  if (known.length === 0) return `${id}: no server has connected yet; it acts as soon as one does`;
  const meant = known.filter(({ from, to }) => match.from.matches(from) && match.to.matches(to));
  if (meant.length === 0) {
    const isMeant = (end: End): boolean => end !== 'client' || match.from.meansClients || match.to.meansClients;
    const near = known.filter(({ from, to }) => isMeant(from) && isMeant(to));
    const names = near
      .map(({ from, to }) => linkName(from, to))
      .sort()
      .join(' ');
    return `${id}: it matches no link that is there (${names}): correct "from" and "to"`;
  }
  if (rule.kind.opening !== undefined) return undefined;
  const carries = meant.some(({ from, to }) =>
    Object.values(registry).some(
      ({ code, type }) =>
        match.codes[code] === 1 && parties(from).some((a) => parties(to).some((b) => mayCarry(type, a, b))),
    ),
  );
  if (carries) return undefined;
  const kinds = JSON.stringify(match.shown.kinds ?? match.shown.classes);
  return `${id}: frames ${kinds} never pass on ${meant.map(({ from, to }) => linkName(from, to)).join(' ')}: correct "kinds"`;
}

function isRuled(end: End): boolean {
  return typeof end === 'number' || end === 'client';
}

/** Who speaks at this end: operators' connections belong to the link of the clients. */
function parties(end: End): readonly Party[] {
  return end === 'client' ? ['client', 'operator'] : ['server'];
}
