/** The long run of docs/OPERATING.md: an installation under load, and whatever befalls its parts, round after round. */
import { describeVerdict } from '../checkers/history.js';
import { Load } from '../support/load.js';
import { judgeHistory } from '../support/one-history.js';
import { nowMs, timePasses } from '../support/until.js';
import { type Blow, blowsOn } from './blows.js';
import { Installation } from './installation.js';
import { Pauses } from './pauses.js';
import { Scraper } from './scraper.js';

export interface OperateOptions {
  /** Blows are dealt until so long after the start. */
  readonly minutes: number;
  readonly clients: number;
  readonly linesPerSecond: number;
  readonly print: (line: string) => void;
}

const room = '#lobby';
/** Until every client has got another line committed after a blow (test/nemesis/nemesis.ts tells why so long). */
const recoveryDeadlineMs = 60_000;
const inFlightMax = 8;
/** Between two blows, so that each is seen alone. */
const calmMs = 5_000;

/** What a run came to. */
export class OperateReport {
  blows = 0;
  lines = 0;
  minutes = 0;
  /** Of each blow: the longest time in which a chat got nothing acknowledged. */
  readonly pausesMs: number[] = [];
  scrapes = { answered: 0, failed: 0 };
  mirrored = 0;

  toJSON(): unknown {
    const sorted = [...this.pausesMs].sort((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    const { pausesMs, ...rest } = this;
    return { ...rest, pauseMs: { p50: at(0.5), p90: at(0.9), max: at(1) } };
  }
}

/** Runs it to its end. @throws Error that names the blow, and with what every part said last. */
export async function runOperate(options: OperateOptions): Promise<OperateReport> {
  const { print, minutes, clients, linesPerSecond } = options;
  const report = new OperateReport();
  const installation = new Installation();
  let now = 'the start';
  let load: Load | undefined;
  let scraper: Scraper | undefined;
  let pauses: Pauses | undefined;
  try {
    await installation.start();
    print('three hosts are up: TLS, a secret, two balancers on one registry, a mirror, pages for monitoring');
    scraper = new Scraper(installation.metricsPages);
    const chats = Array.from({ length: clients }, (_, index) => installation.chat(`person${index + 1}`));
    await Promise.all(chats.map((chat) => chat.waitForConnected(recoveryDeadlineMs)));
    const explain = (): string => installation.describe();
    load = new Load(chats, { linesPerSecond: linesPerSecond / clients, inFlightMax, explain });

    pauses = new Pauses(chats);
    const startMs = nowMs();
    const blows = blowsOn(installation);
    for (let index = 0; nowMs() < startMs + minutes * 60_000; index++) {
      const blow = blows[index % blows.length] as Blow;
      now = blow.what;
      pauses.take();
      await blow.deal();
      const dealtMs = nowMs();
      await load.progress(`after: ${now}`, inFlightMax + 1, recoveryDeadlineMs);
      await installation.allIsWell();
      for (const part of installation.parts) part.expectAlive();
      const pauseMs = pauses.take();
      if (pauseMs > blow.waitMsMax)
        throw new Error(`a chat waited ${(pauseMs / 1000).toFixed(1)} s for a line to be acknowledged`);
      report.blows += 1;
      report.pausesMs.push(pauseMs);
      const wellS = ((nowMs() - dealtMs) / 1000).toFixed(1);
      print(
        `${clock(startMs)}  ${now}: no chat waited longer than ${(pauseMs / 1000).toFixed(2)} s; all well ${wellS} s after`,
      );
      await timePasses(calmMs);
    }
    report.minutes = (nowMs() - startMs) / 60_000;
    now = 'the end';
    await load.drain(recoveryDeadlineMs);
    const verdict = await judgeHistory(installation, { watching: chats, room });
    if (!verdict.ok) throw new Error(describeVerdict(verdict));
    if (verdict.length !== load.linesSaid)
      throw new Error(`${load.linesSaid} lines were said, ${verdict.length} are there`);
    report.lines = verdict.length;
    await installation.verify();
    report.mirrored = await installation.mirrored(room, verdict.length);
    report.scrapes = scraper.scrapes;
    print(`metrics at the end: ${scraper.sum('synod_committed_slot')} slots committed over all servers`);
    return report;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`${now}\n${text}\n${installation.describe()}`, { cause: error });
  } finally {
    load?.stop();
    pauses?.stop();
    scraper?.stop();
    await installation.end();
  }
}

/** Minutes and seconds of the run. */
function clock(startMs: number): string {
  const seconds = Math.floor((nowMs() - startMs) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}
