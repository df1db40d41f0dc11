import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { qrCode } from '../../web/shared/qr.ts';

const drawn = (text: string) => qrCode(text).map((row) => row.map(Number).join(''));
const hashOf = (rows: string[]) => createHash('sha256').update(rows.join('\n')).digest('hex');

/** Codes that another implementation drew: qrcode 8.2 for Python, bytes at level M, with the same mask. */
describe('a QR code', () => {
  it('is drawn as another implementation draws it', () => {
    expect(drawn('Parley')).to.deep.equal(SMALL);
    const uri =
      'otpauth://totp/Parley:ada%40example.org?issuer=Parley&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30';
    expect([drawn(uri).length, hashOf(drawn(uri))]).to.deep.equal([
      49,
      '9a2bbb8d6ba6f49ba012476fbf936658cba34a2b22b652a225cc4b523ef8c1c2',
    ]);
    expect([drawn('x'.repeat(300)).length, hashOf(drawn('x'.repeat(300)))]).to.deep.equal([
      69,
      'a6c4c99a50e77d18b6ddfdcbd85fffbd3b4da81e4eabc96b030a3f559d2b7fbb',
    ]);
  });

  it('refuses a text that is too long', () => {
    expect(() => qrCode('x'.repeat(1_000))).to.throw(RangeError);
  });
});

const SMALL = [
  '111111101001101111111',
  '100000101001001000001',
  '101110100010101011101',
  '101110101111101011101',
  '101110100110001011101',
  '100000100000001000001',
  '111111101010101111111',
  '000000001010000000000',
  '101101110000001001011',
  '101001001110100100101',
  '001100110110111110011',
  '100111000010110001010',
  '010111100101010011000',
  '000000001010010001011',
  '111111101000011010100',
  '100000101011111001101',
  '101110100001001011111',
  '101110101110010101110',
  '101110101001010000100',
  '100000100101101100001',
  '111111101101100110100',
];
