/** Alerts and scrape configuration as promtool reads them: sound, and each alert fires when it should and only then. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { noPrometheus } from '../support/prometheus.js';

const rulesFile = 'deploy/prometheus/alerts.yml';
const testsFile = 'test/deploy/alerts.test.yml';

const { groups } = parse(readFileSync(rulesFile, 'utf8')) as {
  groups: readonly { rules: readonly { alert: string; for?: string }[] }[];
};
const rules = groups.flatMap((group) => group.rules);

t.test('every alert has series that fire it and series that do not', async (t) => {
  const { tests } = parse(readFileSync(testsFile, 'utf8')) as {
    tests: readonly { alert_rule_test: readonly { alertname: string; exp_alerts: readonly object[] }[] }[];
  };
  const cases = tests.flatMap((each) => each.alert_rule_test);
  for (const { alert, for: wait } of rules) {
    const counts = cases.filter(({ alertname }) => alertname === alert).map((each) => each.exp_alerts.length);
    t.ok(
      counts.some((count) => count > 0),
      `${alert} fires`,
    );
    // Once in the cluster where nothing is wrong; and once more before its time is over.
    const quiet = counts.filter((count) => count === 0).length;
    t.ok(quiet >= (wait === undefined ? 1 : 2), `${alert} does not fire`);
  }
});

t.test('promtool', { skip: noPrometheus }, async (t) => {
  for (const args of [
    ['check', 'rules', rulesFile],
    ['check', 'config', 'deploy/prometheus/scrape.yml'],
    ['test', 'rules', testsFile],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    t.equal(status, 0, `promtool ${args.join(' ')}\n${stdout}${stderr}`);
    if (args[0] === 'check') t.match(stdout, `${rules.length} rules found`, 'all of them');
  }
});
