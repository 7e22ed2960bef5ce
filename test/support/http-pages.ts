/** A daemon's HTTP pages as a test asks for them: one request a connection, and metrics as numbers. */
import { request } from 'node:http';
import type { Program } from './program.js';
import { until } from './until.js';

export interface PageAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

const answerMsMax = 10_000;

/** Asks for a page at `host:port`, `from` an address of this machine. */
export function ask(
  address: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
    from,
  }: { method?: string; headers?: Record<string, string>; body?: string; from?: string } = {},
): Promise<PageAnswer> {
  const [host = '', port = ''] = address.split(':');
  const at = { host, port, ...(from === undefined ? {} : { localAddress: from }) };
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, path, method, headers, agent: false, timeout: answerMsMax }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer from ${address}${path} in time`)));
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Where a daemon's pages are, as it logged it. */
export async function pagesOf(program: Program): Promise<string> {
  return await until(
    `the pages of ${program.title}`,
    20_000,
    () => /"address":"([^"]+)","event":"http-listening"/.exec(program.stderr)?.[1],
    () => program.describe(),
  );
}

/** A scrape: the value of each line by its name with labels, as written. */
export async function scrape(address: string): Promise<Map<string, number>> {
  const { status, body } = await ask(address, '/metrics');
  if (status !== 200) throw new Error(`/metrics of ${address}: ${status} ${body}`);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
