/** The face of the fault proxy: the engine inside a server, the standalone proxy, and faults as people write them. */
export { configuredListeners } from './api/index.js';
export { isHostAllowed } from './api/listen-hosts.js';
export { type FilteredLink, LinkFilter } from './engine/link-filter.js';
export { FineClock } from './fine-clock/index.js';
export type { ProxyEnd, ProxyHandle, ProxyServerOptions } from './options.js';
export { durationText, readDurationMs } from './plan/duration.js';
export { PlanError } from './plan/errors.js';
export {
  cutPreset,
  delayPreset,
  isLinkFaultVerb,
  type LinkFaultVerb,
  linkFaultForms,
  linkFaultPreset,
  lossPreset,
  type PresetBody,
} from './plan/fault-words.js';
export { readProbability } from './plan/match.js';
export { modeRuleBodies, modeRules, readMode } from './plan/mode.js';
export { presetList } from './plan/presets.js';
export { ruleKinds } from './rules/index.js';
export { startProxy } from './server.js';
