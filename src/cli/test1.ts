/**
 * `test1`, the write-up's check: say "hi" as KaranLala, see when each server commits it, compare with its reported
 * mode.
 */
import { ExitError, exitCodes } from '../base/index.js';
import { askOnce, ChatClient, configDirectory, loadIdentity } from '../client/index.js';
import type { Call } from './command.js';
import { jsonLine } from './events.js';
import {
  type Expectation,
  expectationFor,
  expectationText,
  type Faults,
  hasQuorum,
  isAsExpected,
  readFaults,
  silenceS,
} from './expected.js';
import { knownCluster } from './members.js';
import { readDurationMs } from './values.js';

const room = '#lobby';
const speaker = 'KaranLala';
const text = 'hi';
const probeTimeoutMs = 2_000;

/** A server that answers, what must be seen on it, and what was. */
interface Watched {
  readonly id: number;
  readonly address: string;
  readonly mode: string;
  readonly faults: Faults;
  readonly expectation: Expectation;
  readonly client: ChatClient;
  /** Slot → when it was shown, for every "hi" of KaranLala since the start. */
  readonly shownAtMs: Map<number, number>;
}

export async function test1(call: Call): Promise<number> {
  const timeoutMs = readDurationMs('-timeout', call.options.text('timeout') ?? '');
  const token = loadIdentity(configDirectory(call.environment));
  const { size, servers } = await knownCluster(call);
  const watched = await watchAll(servers, size, token);
  const spokesman = watched.find((server) => server.faults.size === 0) ?? watched[0];
  if (spokesman === undefined) {
    throw new ExitError(exitCodes.unreachable, 'NO_SERVER', 'no server answers. Are they running? Start them: srunner');
  }
  const quorum = hasQuorum(
    size,
    watched.map((server) => server.faults),
  );
  const who = `${watched.length} of ${size} servers answer, ${quorum ? 'a quorum' : 'no quorum'}`;
  call.output.note(`${who}; speaking at server ${spokesman.id}`);
  const speakerClient = new ChatClient({ name: speaker, token, balancers: [], server: spokesman.address });
  try {
    await Promise.all(watched.map((server) => ready(server, timeoutMs)));
    const verdicts = await speak(call, watched, speakerClient, quorum, timeoutMs);
    return report(call, verdicts);
  } finally {
    await Promise.all([speakerClient, ...watched.map((server) => server.client)].map((client) => client.close()));
  }
}

/** Opens a reader at every server that answers. */
async function watchAll(
  servers: readonly { readonly id: number; readonly address: string }[],
  size: number,
  token: Uint8Array,
): Promise<Watched[]> {
  const statuses = await Promise.all(
    servers.map(({ address }) => askOnce({ address, timeoutMs: probeTimeoutMs }, (operator) => operator.status())),
  );
  const live = servers.flatMap(({ address }, index) => {
    const answered = statuses[index];
    if (answered?.ok !== true) return [];
    return [
      {
        id: answered.answer.serverId,
        address,
        mode: answered.answer.faults,
        faults: readFaults(answered.answer.faults),
      },
    ];
  });
  const quorum = hasQuorum(
    size,
    live.map((server) => server.faults),
  );
  return live.map((server) => {
    const client = new ChatClient({ token, balancers: [], server: server.address });
    const shownAtMs = new Map<number, number>();
    client.on('message', (event) => {
      if (event.from === speaker && event.text === text) shownAtMs.set(event.slot, performance.now());
    });
    return { ...server, expectation: expectationFor(server.faults, quorum), client, shownAtMs };
  });
}

function ready(server: Watched, timeoutMs: number): Promise<void> {
  const { client, address } = server;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new ExitError(exitCodes.unreachable, 'NO_SERVER', `${address} opens no subscription; see synod status`));
    }, timeoutMs);
    client.on('connected', () => {
      clearTimeout(timer);
      resolve();
    });
    client.subscribe(room, 'now');
    client.connect();
  });
}

interface Verdict {
  readonly id: number;
  readonly address: string;
  readonly mode: string;
  /** Seconds after the first clean server's commit (after "hi" was said, if there was none); null: not seen. */
  readonly seenS: number | null;
  readonly expected: string;
  readonly ok: boolean;
}

/** Says "hi" and waits until everything that must be seen was seen, or the time is over. */
async function speak(
  call: Call,
  watched: readonly Watched[],
  client: ChatClient,
  quorum: boolean,
  timeoutMs: number,
): Promise<Verdict[]> {
  let slot = 0;
  let refusal: string | undefined;
  client.on('error', (event) => {
    if (event.code === 'NAME_TAKEN') refusal = event.text;
  });
  const saidAtMs = performance.now();
  client.post(room, text, (code, at) => {
    if (code === 'ok') slot = at;
    else refusal ??= code;
  });
  client.connect();
  const waitMs = quorum ? timeoutMs : Math.min(timeoutMs, silenceS * 1_000);
  const mustShow = watched.filter((server) => server.expectation.kind === 'shows');
  const seen = (server: Watched): boolean => slot > 0 && server.shownAtMs.has(slot);
  const isOver = (): boolean => mustShow.length > 0 && mustShow.every(seen);
  while (performance.now() - saidAtMs < waitMs && !isOver() && refusal === undefined && !call.signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (refusal !== undefined) throw new ExitError(exitCodes.refused, 'REFUSED', `"hi" was refused: ${refusal}`);
  // Without an acknowledged slot any "hi" that somebody shows is one too many.
  const shown = (server: Watched): number | undefined =>
    slot > 0 ? server.shownAtMs.get(slot) : [...server.shownAtMs.values()][0];
  const clean = watched.filter((server) => server.faults.size === 0).flatMap((server) => shown(server) ?? []);
  const baseMs = clean.length > 0 ? Math.min(...clean) : saidAtMs;
  return watched.map((server) => {
    const atMs = shown(server);
    const isClean = server.faults.size === 0;
    const seenS = atMs === undefined ? undefined : (atMs - (isClean ? saidAtMs : baseMs)) / 1_000;
    return {
      id: server.id,
      address: server.address,
      mode: server.mode,
      seenS: seenS === undefined ? null : Math.round(seenS * 1_000) / 1_000,
      expected: expectationText(server.expectation),
      ok: isAsExpected(server.expectation, seenS),
    };
  });
}

function report(call: Call, verdicts: readonly Verdict[]): number {
  const ok = verdicts.every((verdict) => verdict.ok);
  if (call.options.has('json')) call.output.line(jsonLine({ ok, servers: verdicts }));
  else {
    for (const { id, address, mode, seenS, expected, ok: isRight } of verdicts) {
      const what = seenS === null ? 'nothing committed' : `"${text}" committed after ${seenS.toFixed(2)} s`;
      const faults = mode === '' ? '' : ` mode ${mode}`;
      call.output.line(`server ${id} ${address}${faults}: ${what} (expected: ${expected}) ${isRight ? 'ok' : 'WRONG'}`);
    }
  }
  return ok ? exitCodes.ok : exitCodes.checkFailed;
}
