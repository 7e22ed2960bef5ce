/** What a server refuses at the edge, before it proposes anything: what no honest client sends. */
import { limits } from '../base/index.js';
import { checkRun, ProtocolError, readRunHeader } from '../wire/index.js';

/**
 * Why this run must not go into the log, as a text for the one who sent it, or undefined if it may. Only structure is
 * refused here (whole messages, UTF-8, sizes, at most {@link limits.sessionWindowMax} messages). Whether name, room and
 * text are lawful is decided at apply by the rules of rules.ts, because such a refusal must consume the message's seq
 * (PAXOS.md, Sessions): refused here, every later message of the session would wait behind the gap for ever.
 */
export function checkSubmit(run: Uint8Array): string | undefined {
  try {
    checkRun(run);
    const { count } = readRunHeader(run);
    if (count <= limits.sessionWindowMax) return undefined;
    return `a run of ${count} messages where ${limits.sessionWindowMax} are allowed; send it as several runs`;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.message;
  }
}
