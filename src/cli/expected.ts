/** What must be seen of one message on a server, given the faults that servers report (BEHAVIOUR.md, 5 and 6). */

/** Faults of one server as it reports them: letter → whole seconds; `d` stands for a dead link whatever its number. */
export type Faults = ReadonlyMap<string, number>;

/** Reads `p:10::a:20::c:30`; an empty text has no faults. */
export function readFaults(text: string): Faults {
  const items = text === '' ? [] : text.split('::');
  return new Map(
    items.map((item) => {
      const [letter = '', seconds = '0'] = item.split(':');
      return [letter, Number(seconds)];
    }),
  );
}

/**
 * What one server must show: the message within a window of seconds counted from the clean servers' commit, or never.
 */
export type Expectation =
  | { readonly kind: 'shows'; readonly fromS: number; readonly uptoS: number }
  | { readonly kind: 'never' };

/** Clean servers commit within this time, whoever led before. */
export const cleanWithinS = 3;
/** How much later than its fault says a server may show the message, and how much earlier clocks may make it look. */
const lateS = 1.5;
const earlyS = 0.05;
/** So long nothing may be committed where no quorum exists. */
export const silenceS = 20;

/** Whether a majority of all members is there and can hear each other. */
export function hasQuorum(size: number, faultsOfLive: readonly Faults[]): boolean {
  return 2 * faultsOfLive.filter((faults) => !faults.has('d')).length > size;
}

/**
 * A commit reaches the server after c; the value comes with the accept after a, or is fetched when the commit has come,
 * which takes g twice. s is added to each. Without a quorum, or with a dead link, the message never shows.
 */
export function expectationFor(faults: Faults, quorum: boolean): Expectation {
  if (!quorum || faults.has('d')) return { kind: 'never' };
  const of = (letter: string): number => (faults.get(letter) ?? 0) + (faults.get('s') ?? 0);
  const delayS = Math.max(of('c'), Math.min(of('a'), of('c') + 2 * of('g')));
  if (delayS === 0) return { kind: 'shows', fromS: 0, uptoS: cleanWithinS };
  return { kind: 'shows', fromS: delayS - earlyS, uptoS: delayS + lateS };
}

/** The expectation in words. */
export function expectationText(expectation: Expectation): string {
  if (expectation.kind === 'never') return 'nothing may be committed';
  if (expectation.fromS === 0) return `within ${cleanWithinS} s`;
  return `${Math.round(expectation.fromS)} s after the clean servers`;
}

/** Whether what was seen (seconds after the clean servers' commit, undefined: nothing) is what must be seen. */
export function isAsExpected(expectation: Expectation, seenS: number | undefined): boolean {
  if (expectation.kind === 'never') return seenS === undefined;
  return seenS !== undefined && seenS >= expectation.fromS && seenS <= expectation.uptoS;
}
