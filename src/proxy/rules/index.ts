/** The list of everything a rule can do. */
import { clog } from './clog.js';
import { corrupt } from './corrupt.js';
import { cutMidFrame } from './cut-mid-frame.js';
import { delay } from './delay.js';
import { drop } from './drop.js';
import { duplicate } from './duplicate.js';
import { refuse } from './refuse.js';
import { reorder } from './reorder.js';
import { reset } from './reset.js';
import type { RuleKind } from './rule-kind.js';
import { stall } from './stall.js';
import { throttle } from './throttle.js';

export const ruleKinds: readonly RuleKind[] = [
  delay,
  drop,
  duplicate,
  reorder,
  corrupt,
  throttle,
  clog,
  cutMidFrame,
  reset,
  refuse,
  stall,
];
