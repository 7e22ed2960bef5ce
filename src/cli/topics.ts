/** What `synod help` tells besides commands, by topic. */
import { configHelp } from './config/help-text.js';

export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** Whole lines of at most 80 columns. */
  readonly text: string;
}

/** The exit codes of every command and what they mean. */
export const exitMeanings: readonly (readonly [codes: string, meaning: string])[] = [
  ['0', 'all went well; daemons end so on SIGTERM and SIGINT'],
  ['1', 'an internal error: please report it (SYNOD_DEBUG=1 shows the stack)'],
  ['2', 'the command line is wrong; nothing was done'],
  ['3', 'configured wrongly, or refused: busy port, taken name, other cluster'],
  ['4', 'no balancer or server was reached within --timeout'],
  ['5', 'no quorum, or out of time: the outcome is unknown'],
  ['6', 'a check failed: verify, status --strict, bench run --slo'],
  ['7', 'data damaged, the disk failed, or the directory is in use'],
  ['130, 143', 'ended by SIGINT or SIGTERM (daemons end with 0)'],
];

const codeWidth = Math.max(...exitMeanings.map(([codes]) => codes.length));

export const topics: readonly Topic[] = [
  { name: 'config', summary: 'where options come from, and which source wins', text: configHelp() },
  {
    name: 'exit-codes',
    summary: 'what the number means with which a command ends',
    text: `Exit codes, the same for every command:

${exitMeanings.map(([codes, meaning]) => `  ${codes.padEnd(codeWidth)}  ${meaning}`).join('\n')}

After 4 the same command may be given again. After 5 it may have been done:
look (synod tail) before it is given again; the chat resends under its old
number and never doubles a message. A supervisor restarts a daemon after any
code but 0, 2, 3 and 7: those need a person (docs/OPERATING.md).
`,
  },
  {
    name: 'faults',
    summary: 'how faults are written, and where they can be given',
    text: `Faults on purpose, on the links between servers:

  p:10::a:20::c:30   letters with seconds, joined by ::, for --mode
      p  prepare and promise wait so long
      a  accept and accepted
      c  commit
      g  learn: what a server that is behind asks for
      r  forwards of clients' messages to the leader
      s  all of these
      d  everything is dropped, whatever the seconds say (d:0)

Where:

  synod server --id 1 --mode p:10      in the server itself, without a proxy
  synod proxy --master H:P --mode 1=p:10    in a fault proxy, for server 1
  synod link cut 1 2                   while it runs: cut, isolate, halves,
                                       delay, loss; ls lists, heal ends all
  synod fault run storm.toml           a timeline, the same at each run
  synod bench run --fault "3s..5s delay 1 2 20ms"    under load
  /cut 1 2 in the chat, with --proxy-api H:P         F3 shows the links

docs/PROXY.md lists every rule, and docs/BREAK-A-CHAT.md is a tour of them.
`,
  },
];
