/** How a process treats its memory through which bytes pass by the gigabyte: a server, a proxy on its own. */
import { setFlagsFromString } from 'node:v8';

/** To be called once, before bytes pass. What it saves stands in bench/README.md. */
export function tuneMemory(): void {
  // V8 counts chunks that were read as old memory. With a heap as small as ours it would collect all of it for every
  // 12 MB that pass, at several ms each; this lets it grow to sixteen times what is alive, some 130 MB.
  setFlagsFromString('--heap-growing-percent=1500');
  // glibc gives freed memory back to the kernel and fetches it again page by page, until a large block was freed once:
  // from then on it keeps as much as that. Nobody writes into this one, so that it takes no memory.
  Buffer.allocUnsafeSlow(16 << 20);
}
