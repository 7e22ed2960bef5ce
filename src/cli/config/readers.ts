/** Which reader judges an option: its own, else the one that its placeholder names. */
import type { OptionSpec, Reader } from '../command.js';

type Values = typeof import('../values.js');

/**
 * Placeholders that say by themselves what is taken. Under any other one an option is free text or names its reader.
 */
const byPlaceholder: Readonly<Record<string, (values: Values) => Reader>> = {
  'H:P': (values) => values.readAddress,
  'H:P,…': (values) => values.readAddresses,
  N: (values) => values.readCount,
  TIME: (values) => values.readDurationMs,
  LEVEL: (values) => values.readLogLevel,
  NAME: (values) => values.readName,
  ROOM: (values) => values.readRoom,
  FILE: (values) => values.readPath,
  DIR: (values) => values.readPath,
};

/** The reader of an option that has a value; undefined where any text is taken. */
export async function readerOf({ value, reader }: OptionSpec): Promise<Reader | undefined> {
  if (reader !== undefined) return reader();
  const choose = byPlaceholder[value ?? ''];
  return choose === undefined ? undefined : choose(await import('../values.js'));
}

/** True if the value is a list with commas, which a file may write as an array. */
export function isList({ value }: OptionSpec): boolean {
  return value?.endsWith(',…') === true;
}
