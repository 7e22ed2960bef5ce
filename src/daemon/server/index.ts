/** A server: one replica of the log with its disk, its peers and its clients. */
export { type MakeDisk, startServer } from './server.js';
