/** Lawful runs, items and values for the fuzz targets to begin with. */
import {
  attachItem,
  decisionItem,
  detachItem,
  encodeRun,
  membersItem,
  registerItem,
  runItem,
  touchItem,
} from '../../../src/wire/index.js';

const nonce = Buffer.alloc(16, 1);
/** The session that {@link registerFirst} opens when it is applied in slot 1. */
export const firstSession = { slot: 1, index: 0 };

/** A register that makes {@link firstSession}. */
export function registerFirst(): Buffer {
  return registerItem({ nonce, window: 64, server: 1, tokenHash: Buffer.alloc(32, 9), name: 'ann' });
}

/** A run of `count` messages of every kind, from seq `firstSeq` of {@link firstSession}. */
export function lawfulRun(count: number, firstSeq = 1): Buffer {
  const all = [
    { kind: 'join', room: '#lobby', text: '' },
    { kind: 'post', room: '#lobby', text: 'hello' },
    { kind: 'topic', room: '#lobby', text: 'ünï' },
    { kind: 'action', room: '#Öl', text: '' },
    { kind: 'nick', room: '', text: 'anna' },
    { kind: 'post', room: '@ann,bob', text: 'hidden' },
    { kind: 'leave', room: '#lobby', text: '' },
  ] as const;
  const messages = Array.from({ length: count }, (_, i) => all[i % all.length] ?? all[0]);
  return encodeRun({ session: firstSession, nonce, firstSeq, answeredBelow: 1 }, messages);
}

/** One item of every kind. */
export function lawfulItems(): Buffer[] {
  return [
    runItem(lawfulRun(7)),
    registerItem({ nonce: Buffer.alloc(16, 2), window: 4, server: 2, tokenHash: Buffer.alloc(32, 8), name: 'bob' }),
    touchItem([firstSession, { slot: 2, index: 1 }]),
    attachItem({ session: firstSession, nonce, server: 2 }),
    detachItem({ session: firstSession, attachment: 2 }),
    membersItem({
      epoch: 2,
      seats: [1, 2, 3].map((id) => ({ id, birthId: Buffer.alloc(16, id), votes: true, takes: 0 })),
    }),
    decisionItem({
      verb: 'retain',
      id: Buffer.alloc(16, 7),
      basis: 3,
      subject: '#lobby',
      count: 2,
      ageMs: 5000,
      tokenHash: Buffer.alloc(32),
      why: '',
    }),
  ];
}
