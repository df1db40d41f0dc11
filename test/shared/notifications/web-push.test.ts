import { expect } from 'chai';
import { createECDH } from 'node:crypto';
import { areKeys, encrypt } from '../../../shared/notifications/webPush.ts';
import { decrypt } from '../../support/pushService.ts';

/** RFC 8291, Appendix A. */
const RFC = {
  plain: 'V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  browserPrivate: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  browserPublic: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  serverPrivate: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  serverPublic: 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  body: 'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
};
const bytes = (text: string) => Buffer.from(text, 'base64url');
const keyOf = (secret: string) => {
  const key = createECDH('prime256v1');
  key.setPrivateKey(bytes(secret));
  return key;
};

describe('encryption of pushes', () => {
  it('is that of the example in RFC 8291', () => {
    const key = keyOf(RFC.serverPrivate);
    expect(key.getPublicKey('base64url')).to.equal(RFC.serverPublic);
    const device = { p256dh: RFC.browserPublic, auth: RFC.auth };
    const body = encrypt(bytes(RFC.plain), device, { key, salt: bytes(RFC.salt) });
    expect(body.toString('base64url')).to.equal(RFC.body);
  });

  it('can be read by the device, and no two bodies are the same', () => {
    const [key, auth] = [keyOf(RFC.browserPrivate), bytes(RFC.auth)];
    const device = { p256dh: RFC.browserPublic, auth: RFC.auth };
    const bodies = [1, 2].map(() => encrypt(Buffer.from('Hello'), device));
    for (const body of bodies) expect(String(decrypt(body, key, auth))).to.equal('Hello');
    expect(bodies[0]?.equals(bodies[1] as Buffer)).to.equal(false);
  });

  it('refuses a malformed key, and a message too long for one record', () => {
    const good = { p256dh: RFC.browserPublic, auth: RFC.auth };
    expect(areKeys(good)).to.equal(true);
    const offCurve = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url');
    for (const wrong of [
      { p256dh: 'AAAA' },
      { p256dh: offCurve },
      { auth: 'AAAA' },
      { auth: `${RFC.auth}AA` },
    ])
      expect(areKeys({ ...good, ...wrong }), JSON.stringify(wrong)).to.equal(false);
    expect(() => encrypt(Buffer.alloc(4_096), good)).to.throw();
  });
});
