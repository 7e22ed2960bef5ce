/** HTTP pages of a daemon: health, status and metrics. */
export { checkHttpAddress } from './address.js';
export { type HttpListener, startHttp } from './listener.js';
export { byReason, type Metric } from './metric.js';
export { jsonAnswer, type Page } from './page.js';
export { daemonPages } from './pages.js';
export { processMetrics } from './process-metrics.js';
