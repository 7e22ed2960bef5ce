/** Ports for tests, as the program itself chooses them. */
export { freePort } from '../../src/cluster/free-port.js';
