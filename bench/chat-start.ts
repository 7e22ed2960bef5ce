/** Part 1: from the command to the prompt, on a cluster that runs. */
import { connected, promptShown, type Stand } from './chat-stand.js';
import { cpuSeconds } from './environment.js';
import { atMost, type Part, percentile, spread } from './report.js';

export async function start(stand: Stand, { starts }: { readonly starts: number }): Promise<Part> {
  const prompts: number[] = [];
  const connections: number[] = [];
  const cpuMs: number[] = [];
  // The first one of all makes the user's identity.
  for (let i = 0; i <= starts; i++) {
    const chat = stand.chat('#start');
    const promptMs = (await promptShown(chat)) - chat.startedMs;
    const connectedMs = (await connected(chat)) - chat.startedMs;
    const usedMs = cpuSeconds(chat.pid) * 1_000;
    await stand.quit(chat);
    if (i === 0) continue;
    prompts.push(promptMs);
    connections.push(connectedMs);
    cpuMs.push(usedMs);
  }
  return {
    title: `start, ${starts} times, one after the other`,
    rows: [
      spread('prompt after ms', prompts),
      spread('connected after ms', connections),
      spread("the chat's CPU until then, ms", cpuMs),
    ],
    goals: [atMost('start: prompt p50 ms', percentile(prompts, 50), 400)],
  };
}
