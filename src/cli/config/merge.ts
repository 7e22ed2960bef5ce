/** What an option is in the end: of several sources the strongest that says something, else its default. */
import {
  type CommandSpec,
  type Given,
  type Layer,
  type OldSpelling,
  type OptionValue,
  OptionValues,
  type Secret,
} from '../command.js';
import { optionsOf } from '../parse.js';

/** Merges sources, the strongest first. An old spelling's defaults stand before the command's own. */
export function merge(spec: CommandSpec, layers: readonly Layer[], spelling?: OldSpelling): OptionValues {
  const values = new Map<string, OptionValue>();
  const secrets = new Map<string, Secret>();
  const labels = new Map<string, string>();
  for (const option of optionsOf(spec, spelling)) {
    const { name, standsFor } = option;
    if (standsFor !== undefined) continue;
    const given = strongest(layers, name);
    const value = given?.value ?? spelling?.defaults[name] ?? option.default;
    if (given !== undefined) labels.set(name, given.label);
    // An empty text is a value, which switches `--api` off; a list of nothing is none.
    const isNothing = value === undefined || value === false || (typeof value === 'object' && value.length === 0);
    if (isNothing) continue;
    if (given?.isSecret === true) secrets.set(name, { kind: 'text', text: String(value), label: given.label });
    else values.set(name, value);
    if (option.secret === true && given?.isSecret !== true && typeof value === 'string') {
      secrets.set(name, { kind: 'file', file: value, label: given?.label ?? `--${name}` });
    }
  }
  return new OptionValues(values, secrets, labels);
}

/** What the first source that knows the option says. */
export function strongest(layers: readonly Layer[], name: string): Given | undefined {
  for (const layer of layers) {
    const given = layer.get(name);
    if (given !== undefined) return given;
  }
  return undefined;
}
