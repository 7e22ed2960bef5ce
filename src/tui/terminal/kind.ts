/** What the environment says about the terminal: which description fits it, its colours, whether it reads UTF-8. */

export interface TerminalKind {
  /** The terminfo entry to paint with. */
  readonly terminfo: 'xterm' | 'linux' | 'vt100';
  readonly colours: 0 | 8 | 16;
  readonly unicode: boolean;
  /** Whether it has a window with a title; others would show the title as text. */
  readonly titled: boolean;
}

/**
 * Everything but a console and a real VT understands xterm's sequences. The entry of `TERM` itself is of no use:
 * blessed misreads the format in which current systems store those with 256 colours, and complains on stderr.
 */
export function terminalKind(environment: NodeJS.ProcessEnv): TerminalKind {
  const term = environment.TERM ?? '';
  const terminfo = /^linux/.test(term) ? 'linux' : /^vt\d/.test(term) ? 'vt100' : 'xterm';
  const plain = terminfo === 'vt100' || (environment.NO_COLOR ?? '') !== '';
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  return {
    terminfo,
    colours: plain ? 0 : terminfo === 'linux' ? 8 : 16,
    // Containers have no locale, and terminals that read UTF-8: only one that names another encoding counts.
    unicode: !/^(C|POSIX)$|\.(?!utf-?8)/i.test(locale),
    titled: terminfo === 'xterm',
  };
}

/** Signs are better ASCII: the locale says so, or it is the console, whose font has no ticks. */
export function isAsciiOnly(environment: NodeJS.ProcessEnv): boolean {
  const { unicode, terminfo } = terminalKind(environment);
  return !unicode || terminfo !== 'xterm';
}
