/** Reads the TAP output of one test file and says what passed, failed or was skipped; silence is never a success. */
import { Parser, type Result } from 'tap-parser';

/** Something in a test file that did not hold, ready to be printed. */
export interface Failure {
  readonly name: string;
  /** Where and why, possibly several lines; may be empty. */
  readonly detail: string;
}

/** What one test file came to. Assertions are counted, not files. */
export interface FileResult {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

/** How the process of a test file ended. */
export interface FileExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The limit that was exceeded, in seconds; undefined when the file ended by itself. */
  readonly timedOutAfterS?: number;
  readonly stderr: string;
}

const stderrTailChars = 4_000;

/**
 * Collects one file's output through `push` and judges it in `end`. A file counts as failed when it crashed, printed no
 * assertion, broke its plan, bailed out, ran out of time, or holds a test body that asserts nothing.
 */
export class TapFile {
  readonly #failures: Failure[] = [];
  readonly #parser: Parser;
  #passed = 0;
  #skipped = 0;

  constructor() {
    this.#parser = new Parser();
    this.#parser.on('pass', () => {
      this.#passed++;
    });
    this.#parser.on('skip', () => {
      this.#skipped++;
    });
    this.#parser.on('todo', () => {
      this.#skipped++;
    });
    this.#parser.on('fail', (result: Result) => {
      this.#failures.push({ name: result.fullname || result.name, detail: describeDiagnostics(result.diag) });
    });
    this.#watchForEmptyTests(this.#parser);
  }

  /** Takes a piece of the file's standard output. */
  push(chunk: Uint8Array | string): void {
    this.#parser.write(typeof chunk === 'string' ? chunk : Buffer.from(chunk));
  }

  /** Call once, after the process ended and all of its output was pushed. */
  end(exit: FileExit): FileResult {
    this.#parser.end();
    const complaint = this.#complaint(exit);
    if (complaint !== undefined) {
      const tail = exit.stderr.slice(-stderrTailChars).trimEnd();
      this.#failures.push({ name: complaint, detail: tail });
    }
    return { passed: this.#passed, skipped: this.#skipped, failures: this.#failures };
  }

  #watchForEmptyTests(parser: Parser): void {
    parser.on('child', (child: Parser) => {
      this.#watchForEmptyTests(child);
      child.on('complete', (results) => {
        if (results.count > 0 || results.plan.skipReason !== '') return;
        const remedy = "It asserts nothing: assert something, or end a property test with t.pass('…').";
        this.#failures.push({ name: child.fullname || child.name, detail: remedy });
      });
    });
  }

  #complaint(exit: FileExit): string | undefined {
    const results = this.#parser.results;
    if (exit.timedOutAfterS !== undefined) return `ran longer than ${exit.timedOutAfterS} s and was stopped`;
    if (exit.signal !== null) return `was ended by ${exit.signal}`;
    if (results?.bailout) return `bailed out: ${String(results.bailout)}`;
    if (this.#passed + this.#failures.length === 0) {
      return exit.code === 0 && this.#skipped > 0 ? undefined : `ran no test (exit code ${exit.code})`;
    }
    if (this.#failures.length > 0) return undefined;
    if (results !== null && results !== undefined && !results.ok) return `printed TAP that does not add up`;
    if (exit.code !== 0) return `ended with exit code ${exit.code} although every assertion passed`;
    return undefined;
  }
}

/** The useful part of a TAP diagnostic block as indented text. */
function describeDiagnostics(diagnostics: unknown): string {
  if (diagnostics === null || typeof diagnostics !== 'object') return '';
  const { at, source: _, stack, ...rest } = diagnostics as Record<string, unknown>;
  const lines: string[] = [];
  if (at !== null && typeof at === 'object') {
    const { fileName, lineNumber } = at as Record<string, unknown>;
    if (fileName !== undefined) lines.push(`at ${String(fileName)}:${String(lineNumber)}`);
  }
  for (const [key, value] of Object.entries(rest)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    lines.push(text.includes('\n') ? `${key}:\n${text.trimEnd()}` : `${key}: ${text}`);
  }
  if (typeof stack === 'string') lines.push(stack.trimEnd());
  return lines.join('\n');
}
