import { undisturbed } from '../support/database.ts';
import { expect } from 'chai';
import { toSql } from 'pgvector';
import { knex } from '../../db/knex.ts';
import { faqSet, searchFaqs } from '../../db/models/faqSearch.ts';
import { formsOf } from '../../shared/knowledge/mend.ts';
import { vocabulary } from '../../shared/knowledge/vocabulary.ts';

async function add(language: string, ...questions: string[]): Promise<number[]> {
  const faqs = questions.map((question) => ({
    question,
    answer: '…',
    language,
    slug: crypto.randomUUID(),
    status: 'published',
    published_at: new Date(),
  }));
  const added: { id: number }[] = await knex('faqs').insert(faqs).returning('id');
  return added.map(({ id }) => Number(id));
}

async function find(text: string, vector?: number[]): Promise<string[]> {
  const also = formsOf(text, await vocabulary(await faqSet()));
  const vectors = vector === undefined ? [] : [{ model: 'm', vector }];
  const found = await searchFaqs({
    text,
    also,
    vectors,
    language: null,
    limit: 5,
    similarity: 0.5,
    coverage: 0.35,
  });
  return found.map(({ question }) => question);
}

describe('search by words', () => {
  beforeEach(async () => {
    await undisturbed(() => knex.raw('TRUNCATE faqs, embedding_models CASCADE'));
  });

  it('mends spelling toward the knowledge base, also of FAQs that were just added', async () => {
    await add('en', 'How do I reset my password?', 'Where is the garden?');
    expect(await find('resett pasword')).to.deep.equal(['How do I reset my password?']);
    await add('en', 'Which currencies are accepted?');
    expect(await find('currencys acepted')).to.deep.equal(['Which currencies are accepted?']);
  });

  it('never mends a word that an FAQ holds', async () => {
    await add('en', 'May I rest in the garden?', 'How do I reset it?');
    expect(await find('rest')).to.deep.equal(['May I rest in the garden?']);
  });

  it('forgets the words of drafts', async () => {
    await add('en', 'Where is the garden?');
    await knex('faqs').update({ status: 'draft' });
    await add('en', 'Where is the warden?');
    expect(await find('gardem')).to.deep.equal([]);
  });

  it('finds a German compound by its part, and a part by its compound', async () => {
    await add('de', 'Was kostet ein Bibliotheksausweis?', 'Wo ist der Garten?');
    expect(await find('Ausweis')).to.deep.equal(['Was kostet ein Bibliotheksausweis?']);
    expect(await find('Gemüsegarten')).to.deep.equal(['Wo ist der Garten?']);
  });

  const SCRIPTS: Record<string, [language: string, asked: string, found: string, other: string]> = {
    Chinese: ['zh', '重置密码了吗', '如何重置密码', '配送需要多久'],
    Japanese: ['ja', 'パスワード変更', 'パスワードを変更するには', '配達はいつですか'],
    Korean: ['ko', '비밀번호', '비밀번호를 어떻게 바꾸나요', '배송은 언제 오나요'],
    Thai: ['th', 'รหัสผ่าน', 'ฉันจะรีเซ็ตรหัสผ่านได้อย่างไร', 'จัดส่งใช้เวลากี่วัน'],
  };
  for (const [name, [language, asked, wanted, other]] of Object.entries(SCRIPTS))
    it(`finds a part of a ${name} text, which has no spaces`, async () => {
      await add(language, wanted, other);
      expect(await find(asked)).to.deep.equal([wanted]);
    });

  it('puts the nearest by meaning before what is middling in both ways', async () => {
    const others = Array.from({ length: 19 }, (_, i) =>
      i < 16 ? `Other ${'abcdefghijklmnop'[i]}` : `Common word ${'qrs'[i - 16]}`,
    );
    const [nearest = 0, ...rest] = await add('en', 'Nearest', ...others);
    await knex('embedding_models').insert({
      key: 'm',
      name: 'm',
      provider: 'openai',
      model: 'm',
      dimensions: 2,
      ready_at: new Date(),
    });
    const vectorOf = (id: number, i: number) => ({
      model: 'm',
      faq_id: id,
      part: 'question',
      text_hash: '',
      vector: toSql(id === nearest ? [1, 0] : [1, 0.3 + i / 100]),
    });
    await knex('faq_vectors').insert([nearest, ...rest].map(vectorOf));
    expect((await find('a common thing that nobody else ever wrote about', [1, 0]))[0]).to.equal('Nearest');
  });
});
