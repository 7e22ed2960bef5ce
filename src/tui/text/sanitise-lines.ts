/** Other people's text of several lines made safe to print. */
import { sanitise } from '../../base/index.js';

/** Like `sanitise`, but line ends stay: '\n' is kept, and '\r\n' and a lone '\r' become one. */
export function sanitiseLines(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => sanitise(line))
    .join('\n');
}
