/** The environment of programs under test: what a developer has configured for synod reaches none of them. */
import { withoutOptions } from '../../src/cli/config/variables.js';

export const bareEnvironment: Readonly<NodeJS.ProcessEnv> = withoutOptions(process.env);
