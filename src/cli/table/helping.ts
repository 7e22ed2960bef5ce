/** Configuration, completions, manual pages. */
import type { CommandSpec } from '../command.js';
import { json } from './shared.js';

export const helping: readonly CommandSpec[] = [
  {
    name: 'config default',
    summary: 'print a configuration file with every option and its default',
    about:
      'Print a file with every option of every command, or of COMMAND, its default and what it does. Nothing is set in ' +
      'it: take the # away in front of what you change.',
    positional: '[COMMAND]',
    positionalMax: 2,
    options: [],
    examples: ['synod config default > config.toml', 'synod config default server'],
    load: async () => (await import('../config/commands.js')).configDefault,
  },
  {
    name: 'config check',
    summary: 'say whether a configuration file is right',
    about:
      'Judge FILE, else the file that would be read, and print everything that is wrong with it. Ends with 3 if anything ' +
      'is.',
    positional: '[FILE]',
    positionalMax: 1,
    options: [],
    examples: ['synod config check', 'synod config check /etc/synod/server.toml'],
    load: async () => (await import('../config/commands.js')).configCheck,
  },
  {
    name: 'config show',
    summary: 'print the value of every option, and where it comes from',
    about:
      'Print what every option of every command, or of COMMAND, is without further flags: from the environment, the ' +
      'configuration file, or by default. Secrets are never shown.',
    positional: '[COMMAND]',
    positionalMax: 2,
    options: [
      { name: 'origin', help: 'say where each value comes from', flagOnly: true },
      { ...json, flagOnly: true },
    ],
    examples: ['synod config show server --origin', 'synod config show --config /etc/synod/server.toml --json'],
    load: async () => (await import('../config/commands.js')).configShow,
  },
  {
    name: 'completion',
    summary: 'print a script that completes command lines in your shell',
    about:
      'Print a completion script for a shell: commands, options, and the values of those that take one of a few words. ' +
      'In ~/.bashrc, or in ~/.zshrc after compinit: source <(synod completion bash), or zsh. For fish, write it to ' +
      '~/.config/fish/completions/synod.fish.',
    positional: 'bash|zsh|fish',
    positionalMax: 1,
    verbs: ['bash', 'zsh', 'fish'],
    options: [],
    examples: ['synod completion bash', 'synod completion fish'],
    load: async () => (await import('../completion.js')).completion,
  },
  {
    name: 'man',
    summary: 'print a manual page, as man reads it',
    about:
      'Print the manual page of a command, or that of synod itself, as man reads it: synod man server | man -l -. After ' +
      'npm install --global the pages are there already: man synod-server.',
    positional: '[COMMAND]',
    positionalMax: 2,
    options: [],
    examples: ['synod man server replace', 'synod man'],
    load: async () => (await import('../man.js')).man,
  },
];
