/** The pages that every daemon has: alive, ready, status, metrics. */
import { Exposition, type Metric } from './metric.js';
import { jsonAnswer, listOf, type Page, plainAnswer } from './page.js';

export interface DaemonFacts {
  /** Of the list of pages, as "synod server 3". */
  readonly title: () => string;
  /** What is missing before this daemon does its work, one line; "" when nothing is. */
  readonly missing: () => string;
  /** What `synod status --json` says of it. */
  readonly status: () => object;
  /** The same array as long as they are the same metrics. */
  readonly metrics: () => readonly Metric[];
}

/** `more`: pages of this daemon alone. */
export function daemonPages(facts: DaemonFacts, more: readonly Page[] = []): readonly Page[] {
  let known: { readonly metrics: readonly Metric[]; readonly exposition: Exposition } | undefined;
  const exposition = (): Exposition => {
    const metrics = facts.metrics();
    if (known?.metrics !== metrics) known = { metrics, exposition: new Exposition(metrics) };
    return known.exposition;
  };
  const pages: readonly Page[] = [
    {
      path: '/livez',
      about: '200 while this process answers at all',
      isProbe: true,
      answer: () => plainAnswer(200, 'ok'),
    },
    {
      path: '/readyz',
      about: '200 when it does its work, else 503 and what is missing',
      isProbe: true,
      answer: () => {
        const missing = facts.missing();
        return missing === '' ? plainAnswer(200, 'ready') : plainAnswer(503, missing);
      },
    },
    { path: '/status', about: 'how it stands, as JSON', answer: () => jsonAnswer(facts.status()) },
    {
      path: '/metrics',
      about: 'figures for Prometheus (docs/METRICS.md)',
      answer: async () => {
        const now = exposition();
        return { status: 200, contentType: now.contentType, text: await now.text() };
      },
    },
    ...more,
  ];
  return [{ ...listOf('', pages), answer: () => listOf(facts.title(), pages).answer() }, ...pages];
}
