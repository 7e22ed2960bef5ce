/**
 * Who speaks for which session on this server: registering through the log, resuming after a reroute, being present
 * (attach, detach after 30 s) and staying known (touch). PAXOS.md, Sessions.
 */
import { type Logger, limits, toHex } from '../../base/index.js';
import type { Applied, Attachment, ChatState, Registration, SessionView, Told } from '../../chat/index.js';
import {
  attachItem,
  detachItem,
  type OutcomeCode,
  type Register,
  type Registered,
  type Resume,
  registerItem,
  type ServerId,
  type SessionId,
  type Slot,
  touchItem,
} from '../../wire/index.js';
import { beginAsking, type ClientLink, codeFor, endAsking, sessionsPerLinkMax } from './client-link.js';
import { sessionKey } from './session-queue.js';
import type { Submissions } from './submissions.js';

export interface SessionsOptions {
  readonly serverId: ServerId;
  readonly chat: Pick<ChatState, 'applied' | 'session' | 'sessionsOf' | 'checkResume' | 'blockedText'>;
  readonly submissions: Submissions<ClientLink>;
  readonly logger: Logger;
  /** A registration of this connection was answered with ok. */
  readonly onRegistered: (link: ClientLink) => void;
}

interface Asking {
  readonly link: ClientLink;
  readonly request: number;
}

interface WaitingResume {
  readonly request: number;
  readonly session: SessionId;
  readonly nonce: Uint8Array;
}

const noSession: SessionId = { slot: 0, index: 0 };
/** Sessions in one touch item: well within one batch. */
const touchedPerItem = 4_096;

export class Sessions {
  readonly #options: SessionsOptions;
  /** Registers in the log's hands, by nonce. */
  readonly #registering = new Map<string, Asking>();
  /** Resumes of sessions whose register is not applied here yet, by the slot that brings it. */
  readonly #resuming = new Map<Slot, Map<ClientLink, WaitingResume[]>>();
  /** The connection that speaks for a session here. */
  readonly #speakers = new Map<string, ClientLink>();
  /** Sessions without a connection here, and when to write that they left. */
  readonly #leaving = new Map<string, { readonly session: SessionId; readonly atMs: number }>();
  /** Sessions whose attach is on its way into the log. */
  readonly #attaching = new Set<string>();
  #touchAtMs: number;

  constructor(options: SessionsOptions, nowMs: number) {
    this.#options = options;
    this.#touchAtMs = nowMs + limits.sessionTouchMs;
    // Sessions that this server spoke for in an earlier life: whoever does not come back has left.
    for (const { id } of options.chat.sessionsOf(options.serverId)) this.#leaveLater(id, nowMs);
  }

  register(link: ClientLink, message: Register): void {
    const { submissions, serverId } = this.#options;
    const { request, name } = message;
    if (link.tokenHash === undefined) return this.#answer(link, request, 'NOT_ALLOWED');
    if (Buffer.byteLength(name) > 0xff) return this.#answer(link, request, 'BAD_NAME');
    if (link.handles.size >= sessionsPerLinkMax) return this.#answer(link, request, 'NOT_ALLOWED');
    const nonce = Uint8Array.prototype.slice.call(message.nonce);
    const key = toHex(nonce);
    const earlier = this.#registering.get(key);
    this.#registering.set(key, { link, request });
    if (earlier !== undefined) {
      // Asked again, perhaps over a new connection: the item is on its way already, the answer goes to the newest
      // asker.
      endAsking(earlier.link);
      beginAsking(link);
      return;
    }
    const window = Math.max(1, Math.min(message.window, limits.sessionWindowMax));
    const item = registerItem({ nonce, window, server: serverId, tokenHash: link.tokenHash, name });
    if (submissions.item(item, () => this.#registering.has(key))) beginAsking(link);
    else this.#registering.delete(key); // Full: the client asks again when no answer comes.
  }

  resume(link: ClientLink, message: Resume): void {
    const nonce = Uint8Array.prototype.slice.call(message.nonce);
    beginAsking(link);
    this.#tryResume({ link, request: message.request }, message.session, nonce);
  }

  /**
   * The connection is gone: its runs are kept for a while, its sessions leave in 30 s unless somebody speaks for
   * them.
   */
  closed(link: ClientLink, nowMs: number): void {
    for (const [key, handle] of link.handles) {
      this.#options.submissions.close(handle, link, nowMs);
      if (this.#speakers.get(key) !== link) continue;
      this.#speakers.delete(key);
      this.#leaveLater(handle.session, nowMs);
    }
    for (const [key, asking] of this.#registering) if (asking.link === link) this.#registering.delete(key);
    for (const [slot, waiting] of this.#resuming) {
      if (waiting.delete(link) && waiting.size === 0) this.#resuming.delete(slot);
    }
  }

  applied(applied: Applied, nowMs: number): void {
    for (const registration of applied.registrations) this.#registered(registration, nowMs);
    for (const attachment of applied.attachments) this.#attached(attachment, nowMs);
    for (const told of applied.told) this.#tell(told);
    const said = new Set(applied.told.map(({ session }) => sessionKey(session)));
    for (const session of applied.expired) this.#expired(session, nowMs, said.has(sessionKey(session)));
    const waiting = this.#resuming.get(applied.slot);
    if (waiting === undefined) return;
    this.#resuming.delete(applied.slot);
    for (const [link, resumes] of waiting) {
      for (const { request, session, nonce } of resumes) this.#tryResume({ link, request }, session, nonce);
    }
  }

  /**
   * The state is another one: whom the log has here, and whose connection is about to end, leaves unless it returns.
   */
  installed(nowMs: number): void {
    for (const { id } of this.#options.chat.sessionsOf(this.#options.serverId)) {
      if (!this.#speakers.has(sessionKey(id))) this.#leaveLater(id, nowMs);
    }
  }

  /** About every second. */
  tick(nowMs: number): void {
    for (const [key, { session, atMs }] of this.#leaving) {
      if (atMs > nowMs) continue;
      this.#leaving.delete(key);
      if (this.#detach(session) === 'full') this.#leaveLater(session, nowMs);
    }
    for (const link of this.#speakers.values()) this.#attachAgain(link);
    if (nowMs < this.#touchAtMs) return;
    this.#touchAtMs = nowMs + limits.sessionTouchMs;
    this.#touch();
  }

  /** `server` has been silent for 30 s: whoever spoke through it and has not come back elsewhere has left. */
  leaveOf(server: ServerId): void {
    for (const { id } of this.#options.chat.sessionsOf(server)) this.#detach(id, server);
  }

  #registered(registration: Registration, nowMs: number): void {
    const { code, session, name, window, lastSeq, nonce } = registration;
    const key = toHex(nonce);
    const asking = this.#registering.get(key);
    this.#registering.delete(key);
    if (asking === undefined) {
      // Asked for here by a connection that closed meanwhile.
      if (code === 'ok' && registration.server === this.#options.serverId) this.#leaveLater(session, nowMs);
      return;
    }
    endAsking(asking.link);
    if (code !== 'ok') return this.#answer(asking.link, asking.request, code);
    this.#speak(asking.link, session, Uint8Array.prototype.slice.call(nonce), window);
    this.#answer(asking.link, asking.request, 'ok', { session, name, window, lastSeq });
    this.#options.onRegistered(asking.link);
  }

  #attached(attachment: Attachment, nowMs: number): void {
    if (attachment.server !== this.#options.serverId) return;
    this.#attaching.delete(sessionKey(attachment.session));
    if (attachment.code !== 'ok') return;
    if (!this.#speakers.has(sessionKey(attachment.session))) this.#leaveLater(attachment.session, nowMs);
  }

  /** What an operator's decision did to a session that speaks here. */
  #tell({ session, code, text }: Told): void {
    const link = this.#speakers.get(sessionKey(session));
    if (link === undefined) return;
    link.connection.send({ type: 'reject', request: 0, session, code: codeFor(link, code), text });
  }

  #expired(session: SessionId, nowMs: number, isTold: boolean): void {
    const key = sessionKey(session);
    this.#leaving.delete(key);
    this.#attaching.delete(key);
    const link = this.#speakers.get(key);
    if (link === undefined) return;
    this.#speakers.delete(key);
    const handle = link.handles.get(key);
    if (handle !== undefined) this.#options.submissions.close(handle, link, nowMs);
    link.handles.delete(key);
    if (link.speaking === handle) link.speaking = undefined;
    if (isTold) return;
    link.connection.send({
      type: 'reject',
      request: 0,
      session,
      code: 'SESSION_EXPIRED',
      text: 'this session was idle for too long and is gone: register again',
    });
  }

  #tryResume(asking: Asking, session: SessionId, nonce: Uint8Array): void {
    const { link, request } = asking;
    const check = this.#options.chat.checkResume(session, nonce);
    if (check.status === 'notApplied') {
      // Another server has applied it, this one is about to: never say that it is gone.
      const waiting = this.#resuming.get(session.slot) ?? new Map<ClientLink, WaitingResume[]>();
      this.#resuming.set(session.slot, waiting);
      waiting.set(link, [...(waiting.get(link) ?? []), { request, session, nonce }]);
      return;
    }
    endAsking(link);
    if (link.connection.closed !== undefined) return;
    if (check.status !== 'ok') return this.#answer(link, request, check.status);
    if (link.handles.size >= sessionsPerLinkMax && !link.handles.has(sessionKey(session))) {
      return this.#answer(link, request, 'NOT_ALLOWED');
    }
    const { name, window, lastSeq } = check.session;
    this.#speak(link, session, nonce, window);
    this.#attach(check.session, nonce);
    this.#answer(link, request, 'ok', { session, name, window, lastSeq });
    const text = this.#options.chat.blockedText(name);
    if (text !== undefined) this.#tell({ session, code: 'NAME_BLOCKED', text });
  }

  #speak(link: ClientLink, session: SessionId, nonce: Uint8Array, window: number): void {
    const key = sessionKey(session);
    const handle = this.#options.submissions.open(link, session, nonce, window);
    link.handles.set(key, handle);
    link.speaking = handle;
    this.#speakers.set(key, link);
    this.#leaving.delete(key);
  }

  /** The log learns that the session is present through this server, unless it says so or is being told already. */
  #attach(view: SessionView, nonce: Uint8Array): void {
    const { chat, submissions, serverId, logger } = this.#options;
    const key = sessionKey(view.id);
    const isPending = (): boolean => {
      const now = chat.session(view.id);
      const pending = now !== undefined && this.#speakers.has(key) && !(now.attached && now.server === serverId);
      if (!pending) this.#attaching.delete(key);
      return pending;
    };
    if (this.#attaching.has(key) || !isPending()) return;
    if (submissions.item(attachItem({ session: view.id, nonce, server: serverId }), isPending))
      this.#attaching.add(key);
    else logger.debug('ignored', { what: 'attach', why: 'this server is full; the next second tries again' });
  }

  /** The others took this server for gone and wrote that its clients left: those that are here are present again. */
  #attachAgain(link: ClientLink): void {
    for (const { session, nonce } of link.handles.values()) {
      const view = this.#options.chat.session(session);
      if (view !== undefined && this.#speakers.get(sessionKey(session)) === link) this.#attach(view, nonce);
    }
  }

  #leaveLater(session: SessionId, nowMs: number): void {
    this.#leaving.set(sessionKey(session), { session, atMs: nowMs + limits.leaveAfterMs });
  }

  /**
   * Writes that a session left `server`. Takes effect only if it has not been attached anywhere since: the attachment
   * number says so at apply.
   */
  #detach(session: SessionId, server: ServerId = this.#options.serverId): 'full' | 'done' {
    const { chat, submissions } = this.#options;
    const key = sessionKey(session);
    const view = chat.session(session);
    if (view === undefined || !view.attached || view.server !== server || this.#speakers.has(key)) return 'done';
    const { attachment } = view;
    const isPending = (): boolean => {
      const now = chat.session(session);
      return now?.attached === true && now.attachment === attachment && !this.#speakers.has(key);
    };
    return submissions.item(detachItem({ session, attachment }), isPending) ? 'done' : 'full';
  }

  #touch(): void {
    const sessions = [...this.#speakers.values()].flatMap((link) =>
      [...link.handles.values()].map((handle) => handle.session),
    );
    for (let at = 0; at < sessions.length; at += touchedPerItem) {
      this.#options.submissions.item(touchItem(sessions.slice(at, at + touchedPerItem)), () => false);
    }
  }

  #answer(link: ClientLink, request: number, code: OutcomeCode, found?: Partial<Registered>): void {
    link.connection.send({
      type: 'registered',
      request,
      code: codeFor(link, code),
      session: noSession,
      name: '',
      window: 1,
      lastSeq: 0,
      ...found,
    });
  }
}
