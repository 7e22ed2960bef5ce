/** Beginnings of streams that are not made of our frames. */

export const foreignStreams: Readonly<Record<string, Buffer>> = {
  text: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  redis: Buffer.from('*1\r\n$4\r\nPING\r\n'),
  zeros: Buffer.alloc(64),
  'one zero': Buffer.alloc(1),
  'three zeros': Buffer.alloc(3),
  'a TLS hello': Buffer.from('1603010200010001fc0303000102030405060708090a0b0c0d0e0f', 'hex'),
  // Length, protocol 3.0, user and database.
  'a PostgreSQL start': Buffer.concat([
    Buffer.from('0000002300030000', 'hex'),
    Buffer.from('user\0synod\0database\0chat\0\0'),
  ]),
  // Eight bytes, then it waits for one byte of an answer.
  'a PostgreSQL request for TLS': Buffer.from('0000000804d2162f', 'hex'),
  'all ones': Buffer.alloc(32, 0xff),
};
