/** Which post is the first of a time or of a slot: both grow with the posts' numbers, so that halving finds it. */
import type { ChatClient } from '../client/index.js';

export interface PostPlace {
  readonly n: number;
  readonly wallMs: number;
  readonly slot: number;
}

/**
 * The number of the first post for which `isReached` holds, the last one's if it holds for none; undefined with a text
 * when the room is empty or does not answer. Asks some twenty times for a million posts.
 */
export async function findPost(
  client: Pick<ChatClient, 'history'>,
  room: string,
  isReached: (place: PostPlace) => boolean,
): Promise<{ readonly n: number } | { readonly text: string }> {
  const end = await client.history({ room, limit: 1 });
  if (!end.ok) return { text: end.text };
  if (end.answer.headN === 0) return { text: `${room} has no messages yet.` };
  let low = 1;
  let high = end.answer.headN;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const asked = await client.history({ room, direction: 'from', by: 'post', event: middle, limit: 1 });
    if (!asked.ok) return { text: asked.text };
    const group = asked.answer.groups[0];
    if (group === undefined) return { text: `${room} does not show message ${middle}; try again` };
    if (isReached({ n: middle, wallMs: group.wallMs, slot: group.slot })) high = middle;
    else low = middle + 1;
  }
  return { n: low };
}
