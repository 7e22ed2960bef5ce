/** Repeats in the log are joined: what is written when, with a clock of the test's own. */
import t from 'tap';
import { CollapsingLogger, type LogFields, type Logger, type LogLevel } from '../../src/base/index.js';
import { FakeClock } from '../support/fake-clock.js';

function setUp(level: LogLevel = 'debug', kindsMax = 256) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const writer = (prefix: string): Logger => {
    const at =
      (name: string) =>
      (event: string, fields: LogFields = {}) => {
        lines.push(`${prefix}${name} ${event} ${JSON.stringify(fields)}`);
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => writer(`${prefix}${JSON.stringify(fields)} `),
    };
  };
  const logger = new CollapsingLogger(writer(''), { clock, level, windowMs: 1_000, kindsMax });
  /** What was written since the last call. */
  const written = (): string[] => lines.splice(0);
  return { clock, logger, written };
}

t.test('the first line at once, the repeats as a number at the end of the window', async (t) => {
  const { clock, logger, written } = setUp();
  for (const text of ['a', 'b', 'c']) logger.warn('peer-lost', { peer: 2, text });
  t.same(written(), ['warn peer-lost {"peer":2,"text":"a"}']);
  clock.advance(999);
  t.same(written(), []);
  clock.advance(1);
  t.same(written(), ['warn peer-lost {"peer":2,"text":"c","repeated":2}'], 'with the fields of the last');
});

t.test('a single repeat is told, too', async (t) => {
  const { clock, logger, written } = setUp();
  logger.warn('peer-lost', { peer: 2 });
  logger.warn('peer-lost', { peer: 2 });
  clock.advance(1_000);
  t.same(written(), ['warn peer-lost {"peer":2}', 'warn peer-lost {"peer":2,"repeated":1}']);
});

t.test('what goes on has a line a window, and is forgotten once it has stopped', async (t) => {
  const { clock, logger, written } = setUp();
  for (let ms = 0; ms < 3_000; ms += 10) {
    logger.info('flood', {});
    clock.advance(10);
  }
  t.same(written(), [
    'info flood {}',
    'info flood {"repeated":99}',
    'info flood {"repeated":100}',
    'info flood {"repeated":100}',
  ]);
  clock.advance(5_000);
  t.same(written(), []);
  logger.info('flood', {});
  t.same(written(), ['info flood {}'], 'it is a new one');
});

t.test('another level, event or key field is another kind; other fields are not', async (t) => {
  const { logger, written } = setUp();
  logger.info('linked', { peer: 1, address: 'x:1' });
  logger.info('linked', { peer: 2, address: 'x:1' });
  logger.warn('linked', { peer: 1, address: 'x:1' });
  logger.info('closed', { peer: 1, address: 'x:1' });
  t.equal(written().length, 4);
  logger.info('linked', { peer: 1, address: 'x:9' });
  t.same(written(), []);
});

t.test('facts are never joined: what operators decided, what a room or its stream lacks', async (t) => {
  const { logger, written } = setUp();
  for (const name of ['Amy', 'Bob']) logger.info('operator-decided', { verb: 'block', subject: name, outcome: 'done' });
  logger.info('operator-decided', { verb: 'unblock', subject: 'Bob', outcome: 'done' });
  logger.info('operator-decided', { verb: 'unblock', subject: 'Bob', outcome: 'unchanged' });
  for (const room of ['#a', '#b']) logger.warn('messages-missing', { room, from: 1, upTo: 2 });
  for (const room of ['#a', '#b']) logger.info('stream-shared', { room, expected: '1-0', found: '2-0' });
  for (const room of ['#a', '#b']) logger.warn('redis-lost-entries', { room, text: 'nothing to do' });
  t.equal(written().length, 10);
});

t.test('errors always pass', async (t) => {
  const { logger, written } = setUp();
  for (let i = 0; i < 5; i++) logger.error('disk-full', { text: 'free some space' });
  t.equal(written().length, 5);
});

t.test('what the level drops is neither written nor remembered', async (t) => {
  const { clock, logger, written } = setUp('warn');
  logger.debug('a', {});
  logger.info('b', {});
  logger.warn('c', {});
  t.same(written(), ['warn c {}']);
  clock.advance(10_000);
  t.same(written(), []);
});

t.test('a child has kinds of its own, in the same table', async (t) => {
  const { logger, written } = setUp();
  const child = logger.child({ part: 'x' });
  logger.info('a', {});
  child.info('a', {});
  t.same(written(), ['info a {}', '{"part":"x"} info a {}']);
  child.info('a', {});
  logger.flush();
  t.same(written(), ['{"part":"x"} info a {"repeated":1}']);
});

t.test('no more kinds than fit: the oldest goes, with its count', async (t) => {
  const { logger, written } = setUp('debug', 3);
  logger.info('one', {});
  logger.info('one', {});
  for (const event of ['two', 'three', 'four']) logger.info(event, {});
  t.same(written(), ['info one {}', 'info two {}', 'info three {}', 'info one {"repeated":1}', 'info four {}']);
  logger.info('one', {});
  t.same(written(), ['info one {}'], 'and is new when it comes back');
});

t.test('the end of the process writes what was held back', async (t) => {
  const { clock, logger, written } = setUp();
  logger.info('a', {});
  logger.info('a', {});
  written();
  logger.flush();
  t.same(written(), ['info a {"repeated":1}']);
  clock.advance(10_000);
  t.same(written(), []);
});
