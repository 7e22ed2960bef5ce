/** Ends a TCP connection with RST and nothing else. */
import type { Socket } from 'node:net';

/**
 * `resetAndDestroy` alone first ends the writing half, so that a FIN leaves before the RST and the other side may see
 * an orderly end. Destroying with the flag that it sets (Node 18.3 to 24) leaves the FIN out; test/proxy/frames sees
 * it.
 */
export function resetSocket(socket: Socket): void {
  if (socket.connecting || socket.destroyed) {
    socket.destroy();
    return;
  }
  Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}
