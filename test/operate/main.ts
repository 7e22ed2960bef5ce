/**
 * `npm run operate -- --minutes M`: exit 0 if everything held, 1 if not, 2 for usage. Linux, root, ip, openssl, Redis.
 */
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { readTexts, readWhole, runCommand } from '../nemesis/command.js';
import { noHosts } from '../support/hosts.js';
import { noRedis } from '../support/redis-server.js';
import { runOperate } from './run.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run operate -- [--minutes M] [--clients N] [--rate N] [--json]

Runs synod as an operator would: three hosts (network namespaces) with TLS, a secret, a registry in Redis, two
balancers, a mirror and metrics, under load, while each part is killed in turn, hosts are unplugged and servers lose
their disks; then the checker judges what everybody saw.
  --minutes M    how long blows are dealt (default 30)
  --clients N    chats, a process each (default 6)
  --rate N       lines a second of all of them (default 60)
  --json         what it came to, as one JSON object`;

process.exitCode = await runCommand(
  usage,
  (argv) => {
    const texts = readTexts(argv, { minutes: '30', clients: '6', rate: '60' });
    return {
      minutes: readWhole('minutes', texts.minutes, 1),
      clients: readWhole('clients', texts.clients, 1),
      linesPerSecond: readWhole('rate', texts.rate, 1),
    };
  },
  async (options, print) => {
    for (const missing of [noHosts, noRedis]) if (missing !== false) throw new Error(missing);
    const report = await runOperate({ ...options, print });
    print(`${report.blows} blows, ${report.lines} lines: everything held`);
    return report;
  },
);
