import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { describeBrowser } from '../support/browser.ts';
import { forgetAssistants } from '../support/assistants.ts';
import { buildDemo } from '../support/demo.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectSound, usePanel } from '../support/panel.ts';
import { until } from '../support/until.ts';

describeBrowser('the page of suggestions', function () {
  this.timeout(180_000);
  const panel = usePanel();
  let agent: BuiltUser;
  before(async () => {
    await buildDemo();
    agent = await buildUser({ role: 'agent' });
  });
  after(forgetAssistants);

  it('lists gaps by size with other wordings, and drafts, publishes and counts what is answered', async () => {
    const page = await panel.at(agent, '/suggestions');
    const groups = page.getByRole('list', { name: 'Suggestions' }).locator('> li');
    await groups.first().waitFor();
    const asked = (await groups.getByText(/^asked [\d,]+ times?$/).allInnerTexts()).map((text) =>
      Number(text.replaceAll(/\D/g, '')),
    );
    expect(asked.length).to.be.above(3);
    expect(asked).to.deep.equal(asked.toSorted((a, b) => b - a));
    await groups.first().getByText('Other wordings').click();
    const question = (await groups.first().getByRole('heading').innerText()).trim();

    await page.getByRole('button', { name: `Write an answer: ${question}` }).click();
    const dialog = page.getByRole('dialog', { name: 'Write an answer' });
    expect(await dialog.getByRole('textbox', { name: 'Question' }).inputValue()).to.equal(question);
    await dialog.getByRole('textbox', { name: 'Answer' }).fill('In your account, under Payments.');
    await dialog.getByRole('button', { name: 'Save as draft' }).click();
    await dialog.waitFor({ state: 'detached' });
    const faq = await knex('faqs').where({ answer: 'In your account, under Payments.' }).first();
    expect(faq).to.include({ status: 'draft', question });

    await page.getByRole('combobox', { name: 'Shown' }).selectOption('drafted');
    await page.getByRole('heading', { name: question }).waitFor();
    await page
      .getByText(/^Would answer|^Not found/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText(/^Published\./).waitFor();
    expect((await knex('faqs').where({ id: faq.id }).first()).status).to.equal('published');
    await page.getByRole('link', { name: 'Open the FAQ' }).click();
    await page.getByRole('heading', { level: 1, name: 'Edit FAQ' }).waitFor();
  });

  it('dismisses at once, with an undo', async () => {
    const page = await panel.at(agent, '/suggestions');
    const groups = page.getByRole('list', { name: 'Suggestions' }).locator('> li');
    await groups.first().waitFor();
    const before = await groups.count();
    const last = (await groups.last().getByRole('heading').innerText()).trim();
    await page.getByRole('button', { name: `Dismiss: ${last}` }).click();
    await until('it is gone', async () => (await groups.count()) === before - 1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await until('it is back', async () => (await groups.count()) === before);
    expect(await knex('faq_suggestions').where({ status: 'dismissed' })).to.deep.equal([]);
    await page.getByRole('button', { name: `Dismiss: ${last}` }).click();
    await until(
      'the server knows',
      async () => (await knex('faq_suggestions').where({ status: 'dismissed' })).length === 1,
    );
    await page.getByRole('combobox', { name: 'Shown' }).selectOption('dismissed');
    await page.getByRole('heading', { name: last }).waitFor();
  });

  it('has no serious finding in light, dark and on a tablet', async () => {
    await expectSound(panel, agent, '/suggestions', (page) =>
      page.getByRole('list', { name: 'Suggestions' }).locator('> li').first().waitFor(),
    );
  });
});
