/** How many files a process may hold open: ten thousand connections need as many, and the usual limit is lower. */
import { readFileSync } from 'node:fs';

/** Files of a server besides its connections: log segments, state store, Node's own (src/net/fd-limit.ts), twice. */
export const ownFiles = 100;

/** The soft and the hard limit of this process, which the processes that it starts inherit. */
export function openFilesLimits(limitsText = readFileSync('/proc/self/limits', 'utf8')): {
  soft: number;
  hard: number;
} {
  const found = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limitsText);
  const read = (text: string | undefined): number => (text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: read(found?.[1]), hard: read(found?.[2]) };
}

/**
 * The command through which a process must be started to hold so many files: none if the hard limit allows them, for
 * Node raises its own soft limit to that at its start; `prlimit` where we may raise the hard one.
 *
 * @throws Error that says what to do where neither is so.
 */
export function throughForFiles(
  needed: number,
  { hard }: { readonly hard: number } = openFilesLimits(),
  isRoot = process.getuid?.() === 0,
): readonly string[] {
  if (hard >= needed) return [];
  if (isRoot) return ['prlimit', `--nofile=${needed}:${needed}`];
  throw new Error(
    `a server must hold ${needed} files here, and the hard limit is ${hard}: raise it (as root: prlimit --nofile=${needed} --pid $$), or ask for fewer --clients`,
  );
}
