/** A real Prometheus of the test's own: scrapes what its configuration names, watches the rules, answers queries. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './ports.js';
import { until } from './until.js';

/** For a test's `skip`: false where there is a Prometheus, and promtool with it. */
export const noPrometheus: string | false = ['prometheus', 'promtool'].every(
  (tool) => spawnSync(tool, ['--version']).status === 0,
)
  ? false
  : 'prometheus and promtool are not installed';

const startDeadlineMs = 20_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One series of an answer, at the moment of the query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Prometheus {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'synod-prometheus-'));
  readonly #url: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(files: Readonly<Record<string, string>>, port: number) {
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(this.directory, name), text);
    this.#url = `http://127.0.0.1:${port}`;
    const own = [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ];
    this.#child = spawn('prometheus', own, { cwd: this.directory, stdio: ['ignore', 'ignore', 'pipe'] });
    running.add(this.#child);
    this.#child.on('close', () => running.delete(this.#child));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-4000);
    });
  }

  /** `files` by their names in its directory, `prometheus.yml` among them. Resolves once it answers. */
  static async start(files: Readonly<Record<string, string>>): Promise<Prometheus> {
    const prometheus = new Prometheus(files, await freePort());
    await until(
      'Prometheus to be ready',
      startDeadlineMs,
      async () => (await fetch(`${prometheus.#url}/-/ready`)).ok,
      () => prometheus.describe(),
    );
    return prometheus;
  }

  /** What an expression is now. @throws Error with Prometheus's own words if it is none. */
  async query(expression: string): Promise<Sample[]> {
    const { result } = await this.#get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** Values of a label over the series of a metric, as Grafana's `label_values` asks for them. */
  async labelValues(metric: string, label: string): Promise<string[]> {
    return await this.#get<string[]>(`label/${label}/values?match[]=${metric}`);
  }

  /** The names of the alerts that fire. */
  async firing(): Promise<Set<string>> {
    const { alerts } = await this.#get<{ alerts: { state: string; labels: { alertname: string } }[] }>('alerts');
    return new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname));
  }

  /** Its last words. */
  describe(): string {
    return this.#output;
  }

  async end(): Promise<void> {
    if (running.has(this.#child)) {
      const gone = new Promise((resolve) => this.#child.once('close', resolve));
      this.#child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #get<T>(what: string): Promise<T> {
    const answer = (await (await fetch(`${this.#url}/api/v1/${what}`)).json()) as { data: T; error?: string };
    if (answer.error !== undefined) throw new Error(`${decodeURIComponent(what)}: ${answer.error}`);
    return answer.data;
  }
}
