/** A configuration that cannot be used: all that is wrong with it at once. */
import { ExitError, exitCodes } from '../../base/index.js';

export class ConfigError extends ExitError {
  /** One line each, which begins with the place and ends in what is right. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(exitCodes.refused, 'BAD_CONFIG', problems.join('; '));
    this.problems = problems;
  }
}
