/** Every failpoint by name: where in the code it stands. Whoever adds one adds it to `test/failpoints/plan.ts` too. */

export const failpointNames = {
  // --- the directory's identity: written anew at each start, and when the seal comes -----------------------------
  'identity.before-write': 'nothing of the new file exists',
  'identity.after-write': 'the new file is written, not synced',
  'identity.after-sync': 'the new file is synced under its own name',
  'identity.after-rename': 'it has its name, the directory is not synced',
  'identity.after-directory-sync': 'all of it is durable, nobody knows yet',

  // --- opening the log -------------------------------------------------------------------------------------------
  'open.before-scan': 'nothing of the log was read',
  'open.replay': 'a chosen slot was read and is about to be applied',
  'open.after-scan': 'the log was read, nothing was changed',
  'open.before-head-write': 'the old tail is tidied and synced',
  'open.after-head-write': 'the new segment has its header, not synced',
  'open.after-head-sync': 'the new segment is durable',

  // --- segments prepared ahead -----------------------------------------------------------------------------------
  'segment.before-fill': 'no byte of the next segment exists',
  'segment.after-fill': 'it is filled with zeros, not synced',
  'segment.after-sync': 'it is synced under its temporary name',
  'segment.after-rename': 'it has its name, the directory is not synced',
  'segment.after-directory-sync': 'it is durable, the log does not know yet',

  // --- writing the log -------------------------------------------------------------------------------------------
  'wal.append': 'a record is about to be appended',
  'wal.before-write': 'a batch is about to be written',
  'wal.before-roll': 'a batch is about to begin a new segment',
  'wal.before-sync': 'a batch is written, not synced',
  'wal.after-sync': 'a batch is synced, the log does not know yet',
  'wal.before-durable': 'nobody was told that it is durable',
  'wal.after-durable': 'everybody was told',
  'wal.mark': 'a mark is about to be put behind the last batch',
  'wal.close': 'the log is about to be closed in order',

  // --- the gate --------------------------------------------------------------------------------------------------
  'gate.hold': 'a frame begins to wait for the disk',
  'gate.release': 'the disk has caught up, nothing has left yet',
  'gate.before-send': 'a frame is about to leave',
  'gate.after-send': 'a frame has left',

  // --- the driver's step -----------------------------------------------------------------------------------------
  'step.before': 'an input is about to be given to the replica',
  'step.after-replica': 'the replica has decided, nothing is obeyed yet',
  'step.after-append': 'its records are appended, its frames not sent',
  'step.after-sends': 'its frames are sent or wait, nothing is applied',

  // --- elections -------------------------------------------------------------------------------------------------
  'election.campaign': 'this server is about to ask for promises',
  'election.promise': 'a promise is about to be appended',
  'election.promised': 'a promise is durable and leaves',
  'election.won': 'this server leads from here on',
  'election.lost': 'this server leads no more',

  // --- applying --------------------------------------------------------------------------------------------------
  'apply.before': 'a chosen slot is about to be applied',
  'apply.after': 'it is applied, nobody was told',
  'apply.told': 'clients were told',

  // --- checkpoints and retention ---------------------------------------------------------------------------------
  'checkpoint.taken': 'the changed rows are taken out of the state',
  'checkpoint.before-batch': 'the log is durable through it',
  'checkpoint.after-batch': 'the store holds it, nobody knows yet',
  'checkpoint.stored': 'everybody knows',
  'retention.before-remove': 'old segments are about to be deleted',
  'retention.after-remove': 'one is deleted, the directory not synced',
  'retention.after-directory-sync': 'all of them are gone for good',

  // --- the state store's damage ----------------------------------------------------------------------------------
  'store.before-set-aside': 'a damaged store was found',
  'store.after-set-aside': 'it is out of the way, nothing is in its place',

  // --- state that comes from a peer ------------------------------------------------------------------------------
  'snapshot.chunk-sent': 'a chunk of state is about to leave',
  'snapshot.chunk-taken': 'a chunk of state has come',
  'snapshot.before-switch': 'the whole state is in the store, beside the old one',
  'snapshot.after-switch': 'it took the place of the old one',

  // --- a snapshot that becomes a cluster -------------------------------------------------------------------------
  'restore.sealed': 'a directory is sealed and has no state yet; all of them know the origin',
  'restore.filled': 'it has its state, the others may not',
  'restore.completed': 'a directory may be started, the others may not yet',
  'restore.before-rename': 'all directories are made and synced, out of sight',
  'restore.after-rename': 'they are there, the folder around them is not synced',

  // --- ends ------------------------------------------------------------------------------------------------------
  'stop.before-hand-over': 'SIGTERM came',
  'stop.after-hand-over': 'somebody else leads, the log is still open',
} as const;

export type FailpointName = keyof typeof failpointNames;
