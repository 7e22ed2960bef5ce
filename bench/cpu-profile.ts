/** What a `.cpuprofile` says, as text: the functions in which a process spent its time. Pure. */

/** The part of V8's format that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** The node of each sample, and the microseconds before it. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Time in a function itself, without those it called. */
export interface SelfTime {
  readonly name: string;
  /** `src/net/turn.js:61`, or "" for what is V8's or Node's own. */
  readonly place: string;
  readonly selfMs: number;
}

export interface ProfileSummary {
  /** Samples in which the process waited. */
  readonly idleMs: number;
  readonly busyMs: number;
  /** Most time first. */
  readonly functions: readonly SelfTime[];
}

/** Functions of one name at one place count together, however they were called. */
export function summarise({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, { name: string; place: string; selfUs: number }>();
  let idleUs = 0;
  let busyUs = 0;
  for (const [index, id] of samples.entries()) {
    // The time from this sample to the next is spent where this one found the process; the last one lasts no time.
    const us = Math.max(0, timeDeltas[index + 1] ?? 0);
    const frame = byId.get(id);
    if (frame === undefined) throw new Error(`sample ${index} is of node ${id}, which the profile does not have`);
    if (frame.functionName === '(idle)') {
      idleUs += us;
      continue;
    }
    busyUs += us;
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
    const place = placeOf(frame.url, frame.lineNumber);
    const key = `${name} ${place}`;
    const known = functions.get(key) ?? { name, place, selfUs: 0 };
    known.selfUs += us;
    functions.set(key, known);
  }
  const sorted = [...functions.values()].sort((a, b) => b.selfUs - a.selfUs);
  return {
    idleMs: idleUs / 1000,
    busyMs: busyUs / 1000,
    functions: sorted.map(({ name, place, selfUs }) => ({ name, place, selfMs: selfUs / 1000 })),
  };
}

/** The repository's files by their path in it, packages by theirs; lines count from 1. */
function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const path = url.replace(/^file:\/\//, '').replace(/^.*\/(?=node_modules\/)/, '');
  return `${path.replace(/^.*\/dist\//, '')}:${line + 1}`;
}

/** The `top` functions with most time of their own. */
export function profileText({ idleMs, busyMs, functions }: ProfileSummary, top: number): string {
  const lines = functions.slice(0, top).map(({ name, place, selfMs }) => {
    const percent = busyMs === 0 ? 0 : (100 * selfMs) / busyMs;
    return `${percent.toFixed(1).padStart(6)} %  ${selfMs.toFixed(0).padStart(7)} ms  ${name}  ${place}`.trimEnd();
  });
  return [`busy ${busyMs.toFixed(0)} ms, idle ${idleMs.toFixed(0)} ms; self time, as a share of busy:`, ...lines].join(
    '\n',
  );
}
