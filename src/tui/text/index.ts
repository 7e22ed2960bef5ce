/** The face of text: how many columns text takes on a terminal, and how it is cut, filled and wrapped to fit. */
export { clip, clipWith, columnsOf, pad } from './fit.js';
export { clusterAt, clusters, type Grapheme, graphemeOf, graphemes, isPlain } from './graphemes.js';
export { sanitiseLines } from './sanitise-lines.js';
export { wrap } from './wrap.js';
