/** `npm run bench:peers`: synod beside other replicated systems, in one run, in turn, under one load. */
import { writeFileSync } from 'node:fs';
import { endWhenNobodyReads } from '../src/cli/broken-pipe.js';
import { describeDisk, describeMachine } from './environment.js';
import { installClients } from './peers/clients.js';
import { judgeGoals } from './peers/goals.js';
import { type Options, readOptions, usage } from './peers/options.js';
import { endOnSignals } from './peers/processes.js';
import { runRounds } from './peers/rounds.js';
import { summarise } from './peers/summary.js';
import { allPeers, type Chosen, choosePeers } from './peers/systems.js';
import { appendsText, fanOutText, foreignText, goalText, memoryText, skippedText } from './peers/text.js';

endWhenNobodyReads((code) => process.exit(code));

/** Ends with 0, also when goals are missed; 1: a system failed; 2: usage; 6: a goal missed with `--strict`. */
async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  const chosen = choosePeers(allPeers, options.only);
  if (chosen.unknown.length > 0) {
    const known = [...new Set(allPeers.flatMap(({ name, system }) => [system, name]))];
    console.error(`--only ${chosen.unknown.join(',')}: no such system; there is ${known.join(', ')}`);
    return 2;
  }
  endOnSignals();
  if (chosen.peers.some(({ system }) => system !== 'synod')) installClients();
  return await compare(chosen, options);
}

async function compare({ peers, skipped }: Chosen, options: Options): Promise<number> {
  const environment = [
    describeMachine(),
    `data on ${describeDisk()} · load and all nodes on this one machine · closed loop, one Node process`,
    `values of ${options.valueBytes} B · ${options.seconds} s after ${options.warmUpSeconds} s of warm-up · medians of ` +
      `${options.rounds} rounds, systems in turn · clients: ${options.placement}`,
  ];
  const versions = peers.map((peer) => `${peer.name}: ${peer.version()}: ${peer.acknowledged}`);
  console.log([...environment, ...versions, ...skipped.map(skippedText), ''].join('\n'));
  const samples = await runRounds(peers, options, (line) => console.error(line));
  const summary = summarise(peers, samples);
  const goals = judgeGoals(peers, summary);
  process.stdout.write(appendsText(summary.appends) + fanOutText(summary.fanOuts) + memoryText(summary.memory));
  process.stdout.write(foreignText([...summary.appends, ...summary.fanOuts]));
  for (const goal of goals) console.log(goalText(goal));
  for (const { peer, round, reason } of samples.troubles) console.log(`failed ${peer} in round ${round}: ${reason}`);
  if (options.jsonFile !== undefined) {
    const all = { environment, options, versions, skipped, ...samples, summary, goals };
    writeFileSync(options.jsonFile, `${JSON.stringify(all, null, 2)}\n`);
  }
  if (samples.troubles.length > 0) return 1;
  return options.isStrict && goals.some(({ verdict }) => verdict === 'missed') ? 6 : 0;
}

process.exit(await main(process.argv.slice(2)));
