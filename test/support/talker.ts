/** A chat client as the load and the checker know it, whether it is a process of its own or lives in this one. */
import type { Send, Stream } from '../checkers/history.js';

export interface Talker {
  readonly name: string;
  readonly linesSaid: number;
  /** How many own lines have come to their end. */
  readonly linesSettled: number;
  /** The number of the last message shown; 0 before the first. */
  readonly lastShown: number;
  /** What was printed and is not one JSON object a line: must stay empty. */
  readonly strangeLines: readonly string[];
  /** Says a line; returns its id, as the client counts its own lines from 1. */
  say(text: string): number;
  waitForConnected(deadlineMs?: number): Promise<unknown>;
  /** End of input: the client waits for its lines and goes. Returns the exit code. */
  finish(deadlineMs?: number): Promise<number | undefined>;
  /** For the checker: every line said and what became of it. */
  sends(): Send[];
  /** For the checker: everything this client was shown in the room. */
  stream(room: string, reachesEnd: boolean): Stream;
  describe(): string;
}
