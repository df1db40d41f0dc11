import { verify } from '@node-rs/argon2';
import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { faqs } from '../../db/seeds/faqs.ts';
import { seed } from '../../db/seeds/index.ts';

describe('the seed', () => {
  it('adds accounts and published FAQs once, and leaves alone what is there', async () => {
    expect(await seed({ password: 'first password' })).to.deep.equal({
      accounts: ['admin@parley.local', 'demo@parley.local'],
      faqs: faqs.length,
    });
    await knex('faqs').where({ slug: 'reset-password' }).update({ answer: 'Edited.' });
    expect(await seed({ password: 'second password' })).to.deep.equal({ accounts: [], faqs: 0 });

    const admin = await knex('users').where({ email: 'admin@parley.local' }).first();
    expect(admin).to.include({ role: 'admin', gdpr_consent: true, data_processing_consent: true });
    expect(await verify(admin.hashed_password, 'first password')).to.equal(true);
    const rows = await knex('faqs')
      .join('faq_categories', 'category_id', 'faq_categories.id')
      .select('faqs.*');
    expect(rows).to.have.length(faqs.length);
    expect(
      rows.every((row) => row.status === 'published' && row.published_at && row.keywords.length > 0),
    ).to.equal(true);
    expect(rows.find((row) => row.slug === 'reset-password')).to.include({ answer: 'Edited.' });
  });

  it('has each topic in both languages, with slugs of their own', () => {
    const count = (language: string) => faqs.filter((faq) => faq.language === language).length;
    expect(count('en')).to.equal(count('de')).and.be.at.least(15);
    expect(new Set(faqs.map((faq) => faq.slug)).size).to.equal(faqs.length);
    expect(faqs.map((faq) => faq.question)).to.include('How do I reset my password?');
  });
});
