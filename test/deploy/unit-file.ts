/** A systemd unit as a test reads it: its settings, and its command line as systemd would call it. */
import { readFileSync } from 'node:fs';

export interface UnitFile {
  /** Values by `Section/Key`, in order; a key may stand several times. */
  readonly settings: ReadonlyMap<string, readonly string[]>;
}

export function readUnit(file: string): UnitFile {
  const settings = new Map<string, string[]>();
  let section = '';
  // A backslash at the end joins a line with the next one.
  for (const line of readFileSync(file, 'utf8')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    else {
      const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (key === '') throw new Error(`${file}: no setting: ${line}`);
      const name = `${section}/${key}`;
      settings.set(name, [...(settings.get(name) ?? []), value]);
    }
  }
  return { settings };
}

/** The words of ExecStart after variables (`${X}` one word, `$X` any number of them) and specifiers. */
export function execWords(
  unit: UnitFile,
  specifiers: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
): string[] {
  const own = Object.fromEntries(
    (unit.settings.get('Service/Environment') ?? []).map((text) => {
      const [, name = '', value = ''] = /^"?(\w+)=(.*?)"?$/.exec(text) ?? [];
      return [name, value];
    }),
  );
  const environment = { ...own, ...variables };
  const expand = (text: string): string =>
    text.replaceAll(/%(\w)/g, (_, letter: string) => specifiers[letter] ?? `%${letter}`);
  const words = (unit.settings.get('Service/ExecStart')?.[0] ?? '').split(' ').flatMap((word) => {
    const several = /^\$(\w+)$/.exec(word)?.[1];
    if (several !== undefined) return (environment[several] ?? '').split(' ').filter((part) => part !== '');
    return [word.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => environment[name] ?? '')];
  });
  return words.map(expand);
}
