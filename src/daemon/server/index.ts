/** A server: one replica of the log with its disk, its peers and its clients. */
export { startServer } from './server.js';
