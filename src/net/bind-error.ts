/** Why an address can't be listened at, as one clear line that ends in what to do. */
import { ExitError, exitCodes } from '../base/index.js';

/** What `error` of a listening socket means; `flag` is how the user chooses the address. */
export function bindError(error: NodeJS.ErrnoException, host: string, port: number, flag: string): Error {
  const refused = (code: string, text: string): ExitError =>
    new ExitError(exitCodes.refused, code, text, { cause: error });
  switch (error.code) {
    case 'EADDRINUSE':
      return refused(
        'PORT_BUSY',
        `Port ${port} is already in use (by another server?). Choose one with ${flag}, or stop that process.`,
      );
    case 'EACCES':
      return refused(
        'PORT_FORBIDDEN',
        `Port ${port} may not be opened by this user. Choose one above 1023 with ${flag}.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return refused(
        'BAD_HOST',
        `${host} is no address of this machine. Choose one with ${flag}, e.g. 127.0.0.1:${port}.`,
      );
    default:
      return error;
  }
}
