/**
 * Every line that somebody said through the client library, whatever sessions it went under: once, in order, never
 * denied.
 */
import type { Applied } from '../../../src/chat/index.js';
import type { Slot } from '../../../src/wire/index.js';
import { demand } from '../violation.js';

export class Lines {
  #applied: Slot = 0;
  readonly #placed = new Map<string, Slot>();
  /** Per person: the highest number of a line in the slots so far. */
  readonly #last = new Map<string, number>();
  readonly #denied = new Map<string, string>();

  /** The `number`th line of a person; no two lines of a run are equal. */
  text(person: string, number: number, atLeastBytes: number): string {
    return `${person} ${number} `.padEnd(atLeastBytes, 'x').trimEnd();
  }

  /** A server applied a slot; only the first to do so is looked at. */
  applied(applied: Applied): void {
    if (applied.slot <= this.#applied) return;
    this.#applied = applied.slot;
    const highest = new Map<string, number>();
    for (const { group } of applied.groups) {
      const lastHere = new Map<string, number>();
      for (const { kind, text } of group.events) {
        if (kind === 'post' || kind === 'action') this.#line(applied.slot, text, lastHere, highest);
      }
    }
    for (const [person, number] of highest) this.#last.set(person, number);
  }

  /** Between rooms a slot has no order, but slots have. */
  #line(slot: Slot, text: string, lastHere: Map<string, number>, highest: Map<string, number>): void {
    const before = this.#placed.get(text);
    demand(before === undefined, 'exactly once', () => `"${text}" stands in slots ${before} and ${slot}`);
    this.#placed.set(text, slot);
    this.#notDenied(text);
    const [person = '', word = ''] = text.split(' ');
    const number = Number(word);
    const last = Math.max(this.#last.get(person) ?? 0, lastHere.get(person) ?? 0);
    demand(number > last, 'order per session', () => `${person}: line ${number} follows ${last} in slot ${slot}`);
    lastHere.set(person, number);
    highest.set(person, Math.max(highest.get(person) ?? 0, number));
  }

  /** A client was told that its line stands in `slot`. */
  acknowledged(text: string, slot: Slot): void {
    const placed = this.#placed.get(text);
    demand(placed === slot, 'ack is true', () => `"${text}" was acknowledged in ${slot}, it stands in ${placed}`);
  }

  /** A client was told that its line is certainly not in the log. */
  denied(text: string, code: string): void {
    this.#denied.set(text, code);
    if (this.#placed.has(text)) this.#notDenied(text);
  }

  #notDenied(text: string): void {
    const code = this.#denied.get(text);
    demand(code === undefined, 'unknown is never no', () => `"${text}" was denied with ${code} and is in the log`);
  }

  /** At the end: nobody says anything that may be refused. */
  finish(): void {
    const [first] = this.#denied;
    demand(first === undefined, 'lawful messages', () => `"${first?.[0]}" was refused with ${first?.[1]}`);
  }
}
