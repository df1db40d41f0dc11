import { expect } from 'chai';
import { rows } from '../../db/sql.ts';
import { buildAssistant, forgetAssistants } from '../support/assistants.ts';
import { connectDevice, type Device } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

type End = { content: string; sources: object[]; offered: object[] };

/** Questions that the FAQ does not answer, what "not found" and "did you mean" read like, and the offer of a person. */
const LANGUAGES = {
  fr: {
    faq: 'À quelle heure ouvre la boulangerie en semaine ?',
    asked: 'La boulangerie vend des parapluies ?',
    nothing: /rien trouvé/,
    meant: 'Vouliez-vous dire : « À quelle heure ouvre la boulangerie en semaine ? » ?',
    person: /transmettre la question à une personne/,
  },
  es: {
    faq: '¿A qué hora abre la panadería los días laborables?',
    asked: '¿La panadería vende paraguas?',
    nothing: /No encontré nada/,
    meant: '¿Quizás: «¿A qué hora abre la panadería los días laborables?»?',
    person: /pasar la pregunta a una persona/,
  },
};

describe('a question that nothing answers, in a language with a prompt of its own', function () {
  this.timeout(60_000);
  let stack: Stack;
  let user: BuiltUser;
  let device: Device;
  let withPeople: number;
  let alone: number;
  before(async () => {
    const people = { after_unanswered: null };
    withPeople = (await buildAssistant({ name: 'With people', handoff: { enabled: true, ...people } })).id;
    alone = (await buildAssistant({ name: 'Alone', handoff: { enabled: false, ...people } })).id;
    stack = await startStack({ PASSAGE_THRESHOLD: '0.9' });
    user = await buildUser();
    device = await connectDevice(stack.web[0] ?? '', user.access);
    const { access } = await buildUser({ role: 'agent' });
    for (const [language, { faq: question }] of Object.entries(LANGUAGES))
      await stack.post('/faqs', { question, answer: '06:00', language, status: 'published' }, access);
    const bare = () => rows('SELECT FROM faqs WHERE id NOT IN (SELECT faq_id FROM faq_vectors)');
    await until('every FAQ has its vectors', async () => (await bare()).length === 0);
  });
  after(async () => {
    device.close();
    await forgetAssistants();
    await stack.stop();
  });

  const ask = async (content: string, language: string, assistant_id: number) => {
    const { body } = await stack.post('/chat/send', { content, language, assistant_id }, user.access);
    return (await device.ended(Number(body.run_id))).data as unknown as End;
  };

  for (const [language, { asked, nothing, meant, person }] of Object.entries(LANGUAGES)) {
    it(`is answered so in ${language}, with the nearest title as what may be meant and the offer of a person`, async () => {
      const { content, sources, offered } = await ask(asked, language, withPeople);
      expect(content).to.match(nothing);
      expect(content).to.contain(meant);
      expect(content).to.match(person);
      expect([sources, offered]).to.deep.equal([[], []]);
    });

    it(`is offered no person in ${language} where the assistant hands over to none`, async () => {
      const { content } = await ask(asked, language, alone);
      expect(content).to.match(nothing);
      expect(content).to.contain(meant);
      expect(content).not.to.match(person);
    });
  }
});
