/** What must hold on the way; a run that breaks it is over. */
import type { Program } from '../support/program.js';

/** @throws Error */
export function expect(holds: boolean, text: string): void {
  if (!holds) throw new Error(text);
}

/** kill -9 of what still runs: nothing may have ended by itself. */
export async function killRunning(program: Program): Promise<void> {
  const { signal } = await program.kill();
  expect(signal === 'SIGKILL', `it ended before it was killed:\n${program.describe()}`);
}

export function expectAlive(programs: readonly Program[]): void {
  for (const program of programs) expect(program.exit === undefined, `it ended by itself:\n${program.describe()}`);
}
