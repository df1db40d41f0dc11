import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import { redis, untilReady } from '../../shared/delivery/redis.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectAccessible } from '../support/pages.ts';
import { expectSound, expectUncovered, TABLET, usePanel } from '../support/panel.ts';
import { playWorker, send } from '../support/web.ts';

describeBrowser('the inbox of the panel', function () {
  this.timeout(400_000);
  const panel = usePanel();
  let agent: BuiltUser;
  before(async () => {
    await untilReady(redis);
    agent = await named({ role: 'agent' }, 'Grace');
  });

  async function named(fields: Parameters<typeof buildUser>[0], first_name: string): Promise<BuiltUser> {
    const user = await buildUser(fields);
    await knex('users').where({ id: user.id }).update({ first_name });
    return user;
  }
  /** A conversation with an answer of the bot, whose user then asked for a person. */
  async function waiting(name: string, question: string, sources: object[] = []) {
    const user = await named({}, name);
    const sent = await send(panel.api, user, { content: question });
    const worker = await playWorker(user, sent);
    await worker.say('Have you tried to turn it off and on?');
    await worker.finish({ sources } as object);
    await panel.api.call(
      'POST',
      `/conversations/${sent.conversation_id}/handoff`,
      { reason: 'It is urgent' },
      { token: user.access },
    );
    return { user, id: sent.conversation_id };
  }
  const items = (page: Page) => page.getByRole('list', { name: 'Conversations' });
  const log = (page: Page) => page.getByRole('log', { name: 'Messages' });

  it('takes a conversation, replies, notes and resolves it; the user sees the reply and no note', async () => {
    const [faq] = await knex('faqs')
      .insert({
        question: 'How long?',
        answer: 'Three days.',
        language: 'en',
        status: 'published',
        published_at: new Date(),
        slug: 'how-long',
      })
      .returning('id');
    const { user, id } = await waiting('Ada', 'My invoice is wrong', [
      { faq_id: faq.id, question: 'How long?', similarity: 0.71 },
    ]);
    const device = await connectDevice(panel.api.url, user.access);
    const heard: string[] = [];
    device.socket.on('message', ({ message }: { message: { content: string } }) =>
      heard.push(message.content),
    );
    const typed = new Promise((resolve) => device.socket.once('typing', resolve));

    const page = await panel.at(agent, '/inbox');
    await items(page).getByText('Ada').click();
    await log(page).getByText('My invoice is wrong').waitFor();
    await log(page).getByText('71% similar').waitFor();
    await page.getByText('Asked for a person: It is urgent').waitFor();
    await page.getByText('Take this conversation to reply').waitFor();
    await page.getByRole('button', { name: 'Take' }).click();
    // Until the server has said so, it tells nobody that this agent writes.
    await page.getByText('The conversation is yours').waitFor();
    const reply = page.getByRole('textbox', { name: 'Reply' });
    await reply.fill('Hello Ada, I am looking into it.');
    expect(await typed).to.deep.equal({ conversation_id: id, by: 'agent' });
    await page.getByRole('button', { name: 'Send' }).click();
    await log(page).getByText('Hello Ada, I am looking into it.').waitFor();

    await page.getByRole('button', { name: 'Note', exact: true }).click();
    await page.getByRole('textbox', { name: 'Note for colleagues' }).fill('Called billing.');
    await page.getByRole('button', { name: 'Add note' }).click();
    await log(page).getByText('Called billing.').waitFor();
    await shoot(page, 'panel-inbox-thread');

    await device.ask('typing', { conversation_id: id });
    await log(page).getByText('Ada is writing …').waitFor();
    await send(panel.api, user, { content: 'Thank you!', conversation_id: id });
    await log(page).getByText('Thank you!').waitFor();

    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByRole('button', { name: 'Insert FAQ' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Three days.').waitFor();
    await expectAccessible(page);
    await shoot(page, 'panel-inbox-faq');
    await dialog.getByRole('button', { name: /How long/ }).click();
    expect(await reply.inputValue()).to.equal('Three days.');
    await page.reload();
    expect(await reply.inputValue()).to.equal('Three days.');
    await reply.press('Enter');
    await log(page).getByRole('article', { name: 'You' }).getByText('Three days.').waitFor();

    await page.getByRole('button', { name: 'Resolve', exact: true }).click();
    await expectUncovered(page, 'Resolved: Ada');
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    const row = await knex('conversations').where({ id }).first();
    expect(row).to.include({ status: 'resolved', agent_id: agent.id });
    expect(heard).to.include.members(['Hello Ada, I am looking into it.', 'Three days.']);
    expect(heard.join()).to.not.contain('billing');
    device.close();
  });

  it('keeps for colleagues what is typed while a note is stored and after it, until somebody replies', async () => {
    const { id } = await waiting('Noa', 'Two notes');
    const page = await panel.at(agent, `/inbox/${id}`);
    await page.getByRole('button', { name: 'Take' }).click();
    await page.getByRole('button', { name: 'Note', exact: true }).click();
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.route('**/note', async (route) => {
      await held;
      await route.continue();
    });
    const note = page.getByRole('textbox', { name: 'Note for colleagues' });
    await note.fill('First');
    await note.press('Enter');
    await page.keyboard.type('He is ');
    go();
    await log(page).getByText('First').waitFor();
    await page.keyboard.type('rude');
    expect(await note.inputValue()).to.equal('He is rude');
    await page.getByRole('button', { name: 'Add note', disabled: false }).click();
    await log(page).getByText('He is rude').waitFor();
    await page.getByRole('button', { name: 'Add note' }).waitFor();
    await note.and(page.locator(':focus')).waitFor();
    await page.keyboard.type('And late');
    await page.keyboard.press('Enter');
    await log(page).getByText('And late').waitFor();
    expect(await knex('messages').where({ conversation_id: id, message_type: 'agent' })).to.deep.equal([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('r');
    await page.getByRole('textbox', { name: 'Reply' }).and(page.locator(':focus')).waitFor();
  });

  it('finds canned replies by their words within a category, and shows what Enter takes', async () => {
    const { id } = await waiting('Cem', 'Canned');
    const [category] = await knex('faq_categories')
      .insert({ name: 'Canned', slug: 'canned' })
      .returning('id');
    const faq = { language: 'en', status: 'published', published_at: new Date() };
    await knex('faqs').insert([
      {
        ...faq,
        question: 'Greeting of the team',
        answer: 'Good day!',
        slug: 'c-1',
        category_id: category.id,
      },
      {
        ...faq,
        question: 'Farewell of the team',
        answer: 'Good bye!',
        slug: 'c-2',
        category_id: category.id,
      },
      { ...faq, question: 'The greeting that is elsewhere', answer: 'No.', slug: 'c-3' },
    ]);
    const page = await panel.at(agent, `/inbox/${id}`);
    await page.getByRole('button', { name: 'Take' }).click();
    await page.getByRole('textbox', { name: 'Reply' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('f');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('combobox', { name: 'Category' }).selectOption('Canned');
    await dialog.getByRole('button', { name: /^Farewell/ }).waitFor();
    await dialog.getByRole('searchbox').fill('greeting');
    await dialog.getByRole('button', { name: /^Farewell/ }).waitFor({ state: 'detached' });
    await dialog
      .getByRole('button', { name: /^Greeting of the team/ })
      .getByText('Enter', { exact: true })
      .waitFor();
    expect(await dialog.getByRole('listitem').count()).to.equal(1);
    await dialog.getByRole('status').getByText('1 shown').waitFor();
    await dialog.getByRole('searchbox').press('Enter');
    expect(await page.getByRole('textbox', { name: 'Reply' }).inputValue()).to.equal('Good day!');
  });

  it('tells an agent on any page of a colleague’s assignment, which can be undone and not taken', async () => {
    const { id } = await waiting('Gil', 'For the other');
    const other = await named({ role: 'agent' }, 'Ona');
    const [one, two] = await Promise.all([panel.at(agent, `/inbox/${id}`), panel.at(other, '/knowledge')]);
    await one.getByRole('button', { name: 'Take' }).click();
    await one.getByRole('combobox', { name: 'Assign to' }).selectOption({ label: 'Ona (online)' });
    await expectUncovered(two, 'A conversation was assigned to you');
    await one.getByText('Ona has this conversation.').waitFor();
    expect(await one.getByRole('button', { name: 'Take' }).count()).to.equal(0);
    await two.getByRole('button', { name: 'Open' }).click();
    await log(two).getByText('For the other').waitFor();
    await expectUncovered(one, 'Gil is with Ona now');
    await one
      .getByRole('status')
      .filter({ hasText: 'Gil is with Ona now' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await one.getByRole('textbox', { name: 'Reply' }).waitFor();
    await two.getByText('Grace has this conversation.').waitFor();
    expect((await knex('conversations').where({ id }).first()).agent_id).to.equal(agent.id);
    // The button is gone, and the focus did not go with it.
    expect(await one.evaluate('document.activeElement.tagName')).to.not.equal('BODY');
  });

  it('tells an agent of what is assigned, also behind the person, and of no message of own conversations', async () => {
    const me = await named({ role: 'agent' }, 'Ron');
    const [own, other] = [await waiting('Lea', 'Still there?'), await waiting('Max', 'Over there')];
    const call = (path: string, body: object, token: string) => panel.api.call('POST', path, body, { token });
    expect((await call(`/inbox/${own.id}/take`, {}, me.access)).status).to.equal(200);
    // The page learns of nobody's act: it is loaded afterwards.
    const page = await panel.at(me, `/inbox/${own.id}`, { viewport: TABLET });
    const write = async (content: string) => {
      const sent = await call('/chat/send', { conversation_id: own.id, content }, own.user.access);
      expect(sent.status).to.equal(202);
      await log(page).getByText(content).waitFor();
    };
    await write('Anybody?');
    await page.getByRole('textbox', { name: 'Reply' }).fill('Here I am.');
    await page.getByRole('button', { name: 'Send' }).click();
    await log(page).getByText('Here I am.').waitFor();
    await write('At last.');
    expect(await page.getByText('A conversation was assigned to you').count()).to.equal(0);
    await page.getByRole('button', { name: 'Show person' }).click();
    await page.getByRole('complementary', { name: 'Person' }).getByText('English').waitFor();
    await call(`/inbox/${other.id}/assign`, { agent_id: me.id }, agent.access);
    await expectUncovered(page, 'A conversation was assigned to you');
  });

  it('keeps what is typed while a draft is made or a reply finds no server', async () => {
    const { id } = await waiting('Ida', 'Slow server');
    const page = await panel.at(agent, `/inbox/${id}`);
    await page.getByRole('button', { name: 'Take' }).click();
    let go = () => {};
    let held = Promise.resolve();
    const hold = () => {
      held = new Promise((resolve) => {
        go = resolve;
      });
    };
    await page.route('**/draft', async (route) => {
      await held;
      await route.fulfill({ json: { content: 'Drafted' } });
    });
    await page.route('**/reply', async (route) => {
      await held;
      await route.abort();
    });
    const reply = page.getByRole('textbox', { name: 'Reply' });
    hold();
    await page.getByRole('button', { name: 'Draft', exact: true }).click();
    await reply.fill('Typed');
    go();
    await page.getByRole('button', { name: 'Send', disabled: false }).waitFor();
    expect(await reply.inputValue()).to.equal('Typed\n\nDrafted');
    hold();
    await reply.press('Enter');
    await page.keyboard.type('More');
    go();
    await page.getByRole('alert').waitFor();
    expect(await reply.inputValue()).to.equal('Typed\n\nDrafted\nMore');
    panel.forgive();
  });

  it('is worked by the keyboard alone', async () => {
    const { id } = await waiting('Kay', 'Keys only');
    const page = await panel.at(agent, '/inbox');
    await items(page).getByText('Kay').waitFor();
    while (!page.url().includes(`/inbox/${id}`)) await page.keyboard.press('j');
    await log(page).getByText('Keys only').waitFor();
    // A screen reader says whose conversation it is.
    await items(page).getByRole('link', { name: /Kay/ }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('t');
    // The next letter belongs to the reply and is not a key of the page.
    await page.getByRole('textbox', { name: 'Reply' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('r');
    await page.getByRole('textbox', { name: 'Reply' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type('By hand');
    await page.keyboard.press('Enter');
    await log(page).getByText('By hand').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Shortcuts of the inbox' }).waitFor();
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('b');
    await page.getByText('The bot answers Kay again').waitFor();
    expect((await knex('conversations').where({ id }).first()).status).to.equal('bot');
  });

  it('tells of a new wait on any page, and shows two agents each other', async () => {
    const other = await named({ role: 'admin' }, 'Alan');
    const [one, two] = await Promise.all([panel.at(agent, '/knowledge'), panel.at(other, '/inbox')]);
    await two.getByText('Nobody is waiting').or(items(two)).waitFor();
    await two.getByRole('checkbox', { name: 'Sound and notification' }).check();
    await two.evaluate(
      `window.shown = [];
       window.Notification = class extends EventTarget { static permission = 'granted'; constructor(title) { super(); shown.push(title); } };`,
    );
    const { id } = await waiting('Bea', 'Is anybody there?');
    await one.getByRole('img', { name: 'Somebody new is waiting' }).waitFor();
    await items(two).getByText('Bea').click();
    expect(await two.evaluate('shown')).to.deep.equal(['Somebody is waiting for a person']);
    await log(two).getByText('Is anybody there?').waitFor();
    await one.getByRole('link', { name: /Inbox/ }).click();
    await items(one).getByText('Bea').click();
    await one.getByText('Also looking at this: Alan').waitFor();
    await two.getByText('Also looking at this: Grace').waitFor();
    await one.getByRole('button', { name: 'Take' }).click();
    await two.getByText('With Grace').first().waitFor();
    await two.getByRole('combobox', { name: 'Assign to' }).selectOption({ label: 'Alan (online)' });
    await one.getByText('With Alan').first().waitFor();
    expect((await knex('conversations').where({ id }).first()).agent_id).to.equal(other.id);
  });

  it('shows who asks, and opens earlier conversations', async () => {
    const { user, id } = await waiting('Carl', 'Now');
    const before = await send(panel.api, user, { content: 'Once' });
    await knex('conversations').where({ id: before.conversation_id }).update({ title: 'An older matter' });
    const page = await panel.at(agent, `/inbox/${id}`, { viewport: TABLET });
    await page.getByRole('button', { name: 'Show person' }).click();
    const person = page.getByRole('complementary', { name: 'Person' });
    await person.getByText('English').waitFor();
    await person.getByText('An older matter').click();
    await log(page).getByText('Once', { exact: true }).waitFor();
    await page.goBack();
    await log(page).getByText('Now', { exact: true }).waitFor();
    await page.goto(`${panel.api.url}/admin/inbox/999999999`);
    await page.getByText('does not exist any more').waitFor();
    panel.forgive();
  });

  it('says what stands in the way, and keeps what was written', async () => {
    const { id } = await waiting('Dan', 'Hello?');
    const other = await named({ role: 'agent' }, 'Eve');
    const page = await panel.at(agent, `/inbox/${id}`);
    await page.getByRole('button', { name: 'Take' }).click();
    const reply = page.getByRole('textbox', { name: 'Reply' });
    await reply.fill('Too late');
    await page.route('**/reply', async (route) => {
      await knex('conversations').where({ id }).update({ agent_id: other.id });
      await route.continue();
    });
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByText('Eve has this conversation.').waitFor();
    panel.forgive();
  });

  it('is sound in every look', async () => {
    const { id } = await waiting('Fay', 'Does it look right?');
    await expectSound(panel, agent, '/inbox', (page) => items(page).getByText('Fay').waitFor());
    await expectSound(panel, agent, `/inbox/${id}?list=waiting`, (page) =>
      log(page).getByText('Does it look right?').waitFor(),
    );
    await expectSound(panel, agent, '/inbox?list=mine', (page) =>
      page.getByText('Nothing here').or(items(page)).first().waitFor(),
    );
  });
});
