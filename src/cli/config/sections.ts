/** What a configuration file sets: its keys found in the table of commands, its values in the form that flags have. */
import type { TomlTable, TomlValue } from 'smol-toml';
import { nearest } from '../../base/index.js';
import type { CommandSpec, Given, Layer, OptionSpec } from '../command.js';
import { commonOptions, oldSpellings } from '../command-table.js';
import { type Document, isTable, type Problem, readDocument } from './document.js';
import type { ConfigFile } from './file.js';
import { isList } from './readers.js';
import { isGeneral, optionsOf, secretName, sectionOf } from './table.js';
import { variableName } from './variables.js';

/** A key of the file that is an option of a command. */
export interface Entry {
  readonly spec: CommandSpec;
  readonly option: OptionSpec;
  /** It stands above all sections, and holds for every command that has the option. */
  readonly isGeneral: boolean;
  readonly given: Given;
  readonly line: number;
}

export interface Contents {
  readonly file: ConfigFile;
  readonly entries: readonly Entry[];
  /** What is no TOML, no section, no key, or of the wrong type. Values are judged by their readers. */
  readonly problems: readonly Problem[];
}

export function readContents(file: ConfigFile, specs: readonly CommandSpec[]): Contents {
  const document = readDocument(file.text);
  const reader = new SectionReader(file.name, document, specs);
  reader.read();
  return { file, entries: reader.entries, problems: [...document.problems, ...reader.problems] };
}

/** What a file sets for one command: in its section, and above all sections. */
export function layersOf({ entries }: Contents, spec: CommandSpec): readonly Layer[] {
  return [false, true].map((general) => {
    const own = entries.filter((entry) => entry.spec === spec && entry.isGeneral === general);
    return new Map(own.map(({ option, given }) => [option.name, given]));
  });
}

class SectionReader {
  readonly entries: Entry[] = [];
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #document: Document;
  readonly #specs: readonly CommandSpec[];

  constructor(file: string, document: Document, specs: readonly CommandSpec[]) {
    this.#file = file;
    this.#document = document;
    this.#specs = specs;
  }

  read(): void {
    for (const [key, value] of Object.entries(this.#document.table)) {
      if (isTable(value)) this.#section([key], value);
      else if (!this.#isDoubled([key], value)) this.#general(key, value);
    }
  }

  #section(path: readonly string[], table: TomlTable): void {
    const name = path.join('.');
    const spec = this.#specs.find((one) => sectionOf(one) === name);
    const isFamily = this.#specs.some((one) => sectionOf(one).startsWith(`${name}.`));
    if (spec === undefined && !isFamily) {
      const sections = this.#specs.map(sectionOf);
      return this.#complain(path, `there is no section [${name}]${guess(name, sections, (word) => `[${word}]`)}`);
    }
    for (const [key, value] of Object.entries(table)) {
      const below = [...path, key];
      if (isTable(value)) this.#section(below, value);
      else if (this.#isDoubled(below, value)) continue;
      else if (spec === undefined) {
        const sections = this.#specs.map(sectionOf).filter((one) => one.startsWith(`${name}.`));
        this.#complain(below, `[${name}] takes no keys: write them in ${listed(sections.map((one) => `[${one}]`))}`);
      } else this.#own(below, spec, key, value);
    }
  }

  /** `[[server]]` where `[server]` is meant. */
  #isDoubled(path: readonly string[], value: TomlValue): boolean {
    if (!Array.isArray(value) || !value.some((one) => isTable(one))) return false;
    this.#complain(path, `${path.join('.')} is a list of tables: write [${path.join('.')}] once, in single brackets`);
    return true;
  }

  #own(path: readonly string[], spec: CommandSpec, key: string, value: TomlValue): void {
    const option = optionsOf(spec).find(({ name }) => name === key);
    if (option === undefined) return this.#complain(path, `[${sectionOf(spec)}] ${this.#unknown(key, spec)}`);
    this.#take(path, `[${sectionOf(spec)}] ${key}`, [{ spec, option }], value, false);
  }

  #general(key: string, value: TomlValue): void {
    const named = this.#specs.flatMap((spec) =>
      optionsOf(spec)
        .filter(({ name }) => name === key)
        .map((option) => ({ spec, option })),
    );
    const general = named.filter(({ option }) => isGeneral(option));
    if (general.length > 0) return this.#take([key], key, general, value, true);
    if (named.length === 0) return this.#complain([key], this.#unknown(key, undefined));
    const sections = listed(named.map(({ spec }) => `[${sectionOf(spec)}]`));
    this.#complain([key], `${key} does not hold for all commands: write it in ${sections}`);
  }

  #take(
    path: readonly string[],
    shown: string,
    places: readonly { readonly spec: CommandSpec; readonly option: OptionSpec }[],
    value: TomlValue,
    general: boolean,
  ): void {
    const line = this.#document.lineOf(path);
    const label = `${this.#file}:${line} ${shown}`;
    for (const { spec, option } of places) {
      const read = optionValue(option, value);
      if (read.ok) this.entries.push({ spec, option, isGeneral: general, line, given: { value: read.value, label } });
      else return this.#complain(path, `${shown} ${read.text}`);
    }
  }

  /** Why a key is none, and which one may be meant. `spec`: whose section it stands in. */
  #unknown(key: string, spec: CommandSpec | undefined): string {
    const options = spec === undefined ? this.#specs.flatMap(optionsOf) : optionsOf(spec);
    const secret = options.find((option) => option.secret === true && secretName(option) === key);
    if (secret !== undefined) {
      const elsewhere = `write it into a file of its own and name that as ${secret.name}, or set ${variableName(key)}`;
      return `${key}: a secret does not stand in this file: ${elsewhere}`;
    }
    if (commonOptions.some(({ name, flagOnly }) => name === key && flagOnly === true)) {
      return `${key} is for the command line only`;
    }
    const names = [...new Set(options.map(({ name }) => name))];
    const old = oldSpellings.flatMap((spelling) => (spelling.command === spec?.name ? spelling.options : []));
    const meant = old.find(({ name }) => name === key)?.standsFor;
    if (meant) return `has no key ${key} - did you mean ${meant} ?`;
    const near = guess(key, names, (word) => word);
    if (spec === undefined) return `there is no option ${key}${near}`;
    const others = this.#specs.filter((one) => optionsOf(one).some(({ name }) => name === key)).map(sectionOf);
    if (near !== '' || others.length === 0) return `has no key ${key}${near}`;
    return `has no key ${key}; that is one of ${listed(others.map((one) => `[${one}]`))}`;
  }

  #complain(path: readonly string[], text: string): void {
    this.problems.push({ line: this.#document.lineOf(path), text });
  }
}

type Read = { readonly ok: true; readonly value: Given['value'] } | { readonly ok: false; readonly text: string };

/** A TOML value as the flag would give it. */
function optionValue(option: OptionSpec, value: TomlValue): Read {
  if (option.value === undefined) {
    return typeof value === 'boolean' ? { ok: true, value } : refused(`takes true or false, not ${shownValue(value)}`);
  }
  if (!Array.isArray(value)) {
    const text = textOf(value);
    return text === undefined
      ? refused(`takes a text (${option.value}), not ${shownValue(value)}`)
      : { ok: true, value: text };
  }
  if (option.repeats !== true && !isList(option)) return refused(`takes one value (${option.value}), not a list`);
  const texts = value.map(textOf);
  const wrong = texts.indexOf(undefined);
  if (wrong !== -1) return refused(`takes texts (${option.value}), not ${shownValue(value[wrong] as TomlValue)}`);
  return { ok: true, value: option.repeats === true ? (texts as string[]) : texts.join(',') };
}

function refused(text: string): Read {
  return { ok: false, text };
}

/** Numbers are judged as the text that a flag would be. */
function textOf(value: TomlValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
}

function shownValue(value: TomlValue): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object') return String(value);
  return isTable(value) ? 'a table' : 'a date';
}

function guess(word: string, candidates: readonly string[], show: (word: string) => string): string {
  const near = nearest(word, candidates);
  return near === undefined ? '' : ` - did you mean ${show(near)} ?`;
}

/** `a`, `a or b`, `a, b or c`. */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
