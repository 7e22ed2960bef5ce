/** Part 2: from a key to its character, and from Enter to the sign that the line is in the log, on an idle cluster. */
import { setTimeout as pause } from 'node:timers/promises';
import { connected, inputRow, person, prompt, type Stand } from './chat-stand.js';
import { atMost, type Part, percentile, spread } from './report.js';

/** A person does not send in step with the chat's own timers. */
function pauseMs(i: number): number {
  return 60 + ((i * 37) % 101);
}

export async function commit(stand: Stand, { lines }: { readonly lines: number }): Promise<Part> {
  const chat = stand.chat('#commit');
  await connected(chat);
  await pause(500);
  const keys: number[] = [];
  const commits: number[] = [];
  for (let i = 1; i <= lines; i++) {
    let typed = '';
    for (const key of `line-${i}`) {
      typed += key;
      const typedMs = chat.type(key);
      const wanted = prompt + typed;
      keys.push((await chat.when(`'${key}'`, () => chat.row(inputRow).startsWith(wanted))) - typedMs);
    }
    const isCommitted = new RegExp(`✓ +${person} +line-${i}\\b`);
    const enteredMs = chat.type('\r');
    commits.push((await chat.when(`✓ of line ${i}`, () => isCommitted.test(chat.text()))) - enteredMs);
    await pause(pauseMs(i));
  }
  await stand.quit(chat);
  return {
    title: `${lines} lines typed and sent, idle cluster`,
    rows: [spread('a key shows after ms', keys), spread('Enter to ✓ ms', commits)],
    goals: [atMost('commit: Enter to ✓ p50 ms', percentile(commits, 50), 20)],
  };
}
