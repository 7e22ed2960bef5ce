/** A Prometheus beside a cluster: every query of the dashboard draws something, and the alerts see what happens. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { encode } from '../../src/wire/index.js';
import { Cluster } from '../support/cluster.js';
import { pagesOf } from '../support/http-pages.js';
import { Load } from '../support/load.js';
import { noPrometheus, Prometheus } from '../support/prometheus.js';
import { hello, RawPeer } from '../support/raw-peer.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);
const deadlineMs = 60_000;

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[];
  }[];
}

interface ScrapeFile {
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly { readonly job_name: string }[];
}

/**
 * The files of deploy/prometheus, at these addresses and at the pace of a test: who waited some minutes waits a second.
 * The alerts that wait five are about slowness, which a busy machine may show to a test as well.
 */
function quickened(targets: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const { rule_files, scrape_configs } = parse(readFileSync('deploy/prometheus/scrape.yml', 'utf8')) as ScrapeFile;
  const jobs = scrape_configs.map((job) => ({
    ...job,
    scrape_interval: '1s',
    static_configs: [{ targets: targets[job.job_name] ?? [] }],
  }));
  const global = { evaluation_interval: '1s' };
  return {
    'prometheus.yml': stringify({ global, rule_files, scrape_configs: jobs }),
    'alerts.yml': readFileSync('deploy/prometheus/alerts.yml', 'utf8').replaceAll(/for: (30s|1m|2m)/g, 'for: 1s'),
  };
}

t.test('dashboard and alerts', { skip: noPrometheus }, async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const leader = await cluster.leader();
  const pages = new Map<number, string>();
  for (const id of cluster.ids) pages.set(id, await pagesOf(cluster.server(id)));
  const targets = { 'synod-server': [...pages.values()], 'synod-balancer': [await pagesOf(cluster.balancer)] };
  const prometheus = await Prometheus.start(quickened(targets));
  t.teardown(() => prometheus.end());
  const explain = (): string => `${prometheus.describe()}\n${cluster.describe()}`;
  const chats = [cluster.chat('Aaron'), cluster.chat('Berta'), cluster.chat('Cecil')];
  const load = new Load(chats, { linesPerSecond: 20, inFlightMax: 10, explain });
  t.teardown(() => load.stop());
  const countOf = async (expression: string): Promise<number> => (await prometheus.query(expression)).length;
  await until('every target to be scraped', deadlineMs, async () => (await countOf('up == 1')) === 4, explain);
  await load.progress('before the queries', 10, deadlineMs);

  // Panels of what goes wrong are empty until something does: a stranger talks nonsense, and so does a client.
  for (const isWelcomed of [false, true]) {
    const peer = await RawPeer.open(cluster.address(leader));
    if (isWelcomed) {
      peer.send(encode(hello()));
      await peer.waitForMessage('welcome');
    }
    peer.send(Buffer.alloc(64));
    t.equal(await peer.waitForEnd(deadlineMs), 'PROTOCOL_ERROR');
  }

  await t.test('the dashboard', async (t) => {
    t.equal((await prometheus.labelValues('synod_ready', 'instance')).length, 4, 'its menu offers each daemon');
    const { panels } = JSON.parse(readFileSync('deploy/grafana/synod.json', 'utf8')) as Dashboard;
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));
    t.ok(queries.length > 40, `${queries.length} queries`);
    for (const { title, expr, legendFormat = '' } of queries) {
      // As Grafana fills in what is chosen above the panels: all daemons, and a range of some scrapes.
      const asked = expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '15s');
      const drawn = await until(
        `a series of "${title}": ${asked}`,
        deadlineMs,
        async () => {
          const samples = await prometheus.query(asked);
          return samples.some(({ value }) => Number.isFinite(value)) ? samples : undefined;
        },
        explain,
      );
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      for (const label of labels) {
        t.ok(
          drawn.every((sample) => sample.labels[label] !== undefined),
          `${title}: ${legendFormat} is filled in`,
        );
      }
      const [first] = drawn;
      if (title === 'Leader')
        t.same(
          drawn.map((sample) => sample.labels.instance),
          [pages.get(leader)],
          title,
        );
      if (title === 'Servers ready') t.equal(first?.value, 3, 'the balancer is none of them');
      if (title === 'Quorum') t.equal(first?.value, 1, title);
      if (title === 'Clients' && expr.startsWith('sum(')) t.ok((first?.value ?? 0) >= 1, title);
    }
  });

  await t.test('the alerts', async (t) => {
    t.same([...(await prometheus.firing())], [], 'nothing fires while nothing is wrong');
    load.stop();
    const killed = cluster.ids.filter((id) => id !== leader);
    for (const id of killed) await cluster.killServer(id);
    const expected = ['SynodServerDown', 'SynodNoQuorum', 'SynodNoLeader', 'SynodNotReady', 'SynodPeerUnheard'];
    await until(
      `${expected} to fire`,
      deadlineMs,
      async () => {
        const firing = await prometheus.firing();
        return expected.every((name) => firing.has(name));
      },
      explain,
    );
    t.same([...(await prometheus.firing())].sort(), expected.sort(), 'and nothing else');
    await cluster.balancer.kill();
    await until('the balancer to be missed', deadlineMs, async () =>
      (await prometheus.firing()).has('SynodBalancerDown'),
    );
  });
});
