/** A client of synod that is ready to write: connected, and with a session. */
import { ChatClient, type ChatClientOptions } from '../../src/client/index.js';
import { within } from '../../test/support/until.js';

const openMs = 20_000;

/** Resolves once a first line, which opens the session, has been committed in `room`. */
export async function openClient(options: ChatClientOptions, room: string): Promise<ChatClient> {
  const client = new ChatClient(options);
  client.connect();
  const committed = new Promise<void>((resolve, reject) => {
    client.post(room, 'first', (code) => (code === 'ok' ? resolve() : reject(new Error(`first line: ${code}`))));
  });
  await within(`a first line of ${options.name}`, openMs, committed);
  return client;
}
