/** A page of a daemon: where it is, what it is for, what it answers. */

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export interface Page {
  /** With its slash. */
  readonly path: string;
  /** One line for the list of pages. */
  readonly about: string;
  /** A supervisor acts on it: it costs next to nothing, and is answered beyond the pace, up to a flood. */
  readonly isProbe?: true;
  answer(): Answer | Promise<Answer>;
}

export function plainAnswer(status: number, text: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', text: `${text}\n` };
}

export function jsonAnswer(value: unknown): Answer {
  return { status: 200, contentType: 'application/json', text: `${JSON.stringify(value)}\n` };
}

/** `/`: the list of `pages`. */
export function listOf(title: string, pages: readonly Page[]): Page {
  const width = Math.max(...pages.map(({ path }) => path.length));
  const lines = pages.map(({ path, about }) => `${path.padEnd(width)}  ${about}`);
  return { path: '/', about: 'this list', answer: () => plainAnswer(200, [title, '', ...lines].join('\n')) };
}
