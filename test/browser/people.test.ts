import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { oweNotification, scheduleNotifications } from '../../db/models/notification.ts';
import { env } from '../../shared/base/env.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { chatPages, log, LOOKS, message } from '../support/chatPage.ts';
import { connectDevice } from '../support/device.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { ask, expectAccessible } from '../support/pages.ts';
import { until } from '../support/until.ts';

describeBrowser('people in the chat page', function () {
  this.timeout(120_000);
  const pages = chatPages();
  const act = (agent: BuiltUser, id: number, what: string, body: object = {}) =>
    pages.api().call('POST', `/inbox/${id}/${what}`, body, { token: agent.access });

  it('asks for a person, talks with them both ways, and rates the end', async () => {
    const [user, agent] = [await buildUser(), await buildUser({ role: 'agent' })];
    await knex('users').where({ id: agent.id }).update({ first_name: 'Grace' });
    const { conversation_id: id } = await pages.talk(user, 'Where is my parcel?', 'I do not know.');
    const page = await pages.at(user, {}, `/c/${id}`);
    await page.getByRole('button', { name: 'Ask a person' }).click();
    await log(page).getByText('A person will answer here').waitFor();
    expect(await page.getByRole('button', { name: 'Ask a person' }).count()).to.equal(0);
    await page.getByRole('textbox', { name: 'Message' }).and(page.locator(':focus')).waitFor();
    await shoot(page, 'people-waiting');
    await ask(page, 'Number 12');
    await log(page).getByText('Number 12').waitFor();
    expect(await page.getByRole('button', { name: 'Stop' }).count()).to.equal(0);

    const device = await connectDevice(pages.api().url, agent.access);
    expect((await act(agent, id, 'take')).status).to.equal(200);
    await log(page).getByText('Grace is answering.').waitFor();
    let typed: object | undefined;
    device.socket.once('typing', (said: object) => {
      typed = said;
    });
    // The page says so every three seconds at most.
    await until('typing', async () => {
      await message(page).press('x');
      return typed;
    });
    expect(typed).to.include({ conversation_id: id, by: 'user' });
    await message(page).fill('');
    await device.ask('typing', { conversation_id: id });
    await log(page).getByText('Grace is writing …').waitFor();
    await act(agent, id, 'reply', { content: 'It is **on its way**.' });
    await log(page).getByRole('article', { name: 'Grace' }).getByText('on its way').waitFor();
    await log(page).getByText('Grace is answering.').waitFor();
    await shoot(page, 'people-agent');
    await expectAccessible(page);

    await act(agent, id, 'return');
    await log(page).getByText('The assistant answers again.').waitFor();
    await page.getByRole('button', { name: 'Ask a person' }).click();
    await log(page).getByText('A person will answer here').waitFor();
    await act(agent, id, 'take');
    await act(agent, id, 'resolve');
    await log(page).getByText('This conversation is closed.').waitFor();
    await expectAccessible(page);
    await log(page).getByRole('button', { name: '4 of 5' }).click();
    await log(page).getByRole('textbox', { name: 'Anything to add?' }).fill('Quick');
    await shoot(page, 'people-rated');
    await log(page).getByRole('button', { name: 'Send comment' }).click();
    await log(page).getByText('Thank you').waitFor();
    const [rated] = await knex('conversation_ratings').where({ conversation_id: id });
    expect([rated.score, rated.comment]).to.deep.equal([4, 'Quick']);
    await page.reload();
    await log(page).getByText('This conversation is closed.').waitFor();
    expect(await log(page).getByRole('button', { name: '4 of 5' }).count()).to.equal(0);
    device.close();
  });

  it('says when somebody will be there, outside the office hours', async () => {
    const { OFFICE_HOURS } = env;
    const tomorrow = (new Date().getUTCDay() + 2) % 7;
    Object.assign(env, { OFFICE_HOURS: [{ weekday: tomorrow, from: 540, to: 1020 }] });
    try {
      const user = await buildUser();
      const { conversation_id: id } = await pages.talk(user, 'Hello', 'Hello');
      const page = await pages.at(user, LOOKS['phone-dark'], `/c/${id}`);
      await page.getByRole('button', { name: 'Ask a person' }).click();
      await log(page)
        .getByText(/A person will answer here from .*9:00/)
        .waitFor();
      await shoot(page, 'people-closed');
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('dialog', { name: 'More' }).waitFor();
      await expectAccessible(page);
      await shoot(page, 'people-more');
      await page.getByRole('button', { name: 'Rename' }).click();
      await page.getByRole('textbox', { name: 'Name' }).waitFor();
    } finally {
      Object.assign(env, { OFFICE_HOURS });
    }
  });

  it('lists what the user was told, counts what is new, and leads there', async () => {
    const user = await buildUser();
    const { conversation_id, reply_id } = await pages.talk(user, 'Who was told?', 'You were.');
    const tell = async (kind: 'answer_ready' | 'new_sign_in') => {
      const about = { session_id: user.sid };
      const id = await oweNotification(kind, user.id, about, knex);
      if (kind === 'answer_ready')
        await knex('notifications').where({ id }).update({ conversation_id, message_id: reply_id });
      await scheduleNotifications([{ id, shown: true, push: false, mailMs: null }], []);
    };
    await tell('answer_ready');
    await tell('new_sign_in');
    const page = await pages.at(user);
    await page.getByRole('button', { name: /^Notifications 2/ }).click();
    const list = page.getByRole('dialog').getByRole('list', { name: 'Notifications' });
    await list.getByText('New sign-in to your account').waitFor();
    await expectAccessible(page);
    await shoot(page, 'notifications');
    await list.getByText('An answer is ready').click();
    await log(page).getByText('You were.').waitFor();
    await page.getByRole('button', { name: /^Notifications 1/ }).click();
    await page.getByRole('button', { name: 'Mark all as read' }).click();
    await page.getByRole('button', { name: 'Mark all as read' }).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor();
    const left = await knex('notifications')
      .where({ user_id: user.id, read_at: null })
      .whereNotNull('shown_at');
    expect(left).to.have.length(0);
  });
});
