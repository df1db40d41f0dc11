import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { servedWeb } from '../support/web.ts';

describe('bytes that are not HTTP', () => {
  const api = servedWeb();

  const said: [string, string][] = [
    ['an unknown method', 'BREW /x HTTP/9.9\r\n\r\n'],
    ['a header of 20 kB', `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['noise', '\u0000\u0001\u0002\r\n\r\n'],
  ];
  for (const [what, bytes] of said) {
    it(`are answered with a problem: ${what}`, async () => {
      const socket = connect(Number(URL.parse(api.url)?.port), '127.0.0.1');
      socket.write(bytes);
      const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
      expect(head).to.match(/^HTTP\/1\.1 400 /);
      expect(head).to.match(/content-type: application\/problem\+json/i);
      expect(head).to.match(/x-request-id: [\w-]{36}/i);
      expect(JSON.parse(body)).to.include({ status: 400, code: 'bad_request' });
    });
  }
});
