import { expect } from 'chai';
import { knex } from '../../db/knex.ts';
import { describeBrowser } from '../support/browser.ts';
import { forgetAssistants } from '../support/assistants.ts';
import { buildDemo } from '../support/demo.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectSound, usePanel } from '../support/panel.ts';
import { type Provider, startProvider } from '../support/provider.ts';

describeBrowser('the page of assistants', function () {
  this.timeout(180_000);
  const panel = usePanel();
  let admin: BuiltUser;
  let helpdesk: number;
  let provider: Provider;
  before(async () => {
    provider = await startProvider();
    await buildDemo();
    admin = await buildUser({ role: 'admin' });
    helpdesk = (await knex('experiments').first('assistant_id')).assistant_id;
  });
  after(async () => {
    await provider.stop();
    await forgetAssistants();
  });

  it('adds one, tries it unsaved, saves a version, and shows the difference', async () => {
    const page = await panel.at(admin, '/assistants');
    await page.getByRole('table').getByRole('link', { name: 'Helpdesk (demo)' }).waitFor();
    await page.getByRole('button', { name: 'New assistant' }).click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Teapots');
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    await page.getByRole('heading', { level: 1, name: 'Teapots' }).waitFor();
    await page.getByRole('textbox', { name: 'Instructions' }).fill('You know all\nabout teapots.');
    await page.getByRole('textbox', { name: 'A first question' }).fill('Reset my password?');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.getByRole('region', { name: 'Answer' }).waitFor();
    await page.getByRole('region', { name: 'Passages' }).getByText('How do I reset my password?').waitFor();
    const prompt = page.getByRole('region', { name: 'Prompt' });
    await prompt.getByText('system', { exact: true }).click();
    await prompt.getByText('about teapots').waitFor();
    const { id } = await knex('assistants').orderBy('id', 'desc').first('id');
    expect((await knex('assistants').where({ id }).first()).version).to.equal(1);

    await page.getByRole('button', { name: 'Save as a new version' }).click();
    await page.getByText('Version 2 answers the next message.').waitFor();
    await page
      .getByRole('navigation', { name: 'Parts of the assistant' })
      .getByRole('link', { name: 'Versions' })
      .click();
    const difference = page.getByRole('region', { name: 'instructions', exact: true });
    await difference.getByText('about teapots.').waitFor();
    expect(await page.getByRole('region', { name: 'model', exact: true }).count()).to.equal(0);

    await page.getByRole('link', { name: 'Experiments' }).click();
    await page.getByText('There was no experiment yet').waitFor();
    await page.getByRole('button', { name: 'Begin an experiment' }).click();
    await page.getByText('Too little to tell').first().waitFor();
    expect(await knex('experiments').where({ assistant_id: id }).first()).to.include({
      version_a: 1,
      version_b: 2,
    });

    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await page.getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('dialog').getByRole('textbox').fill('Teapots');
    await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('button', { name: 'Bring it back' }).click();
    await page.getByRole('button', { name: 'Make it the default' }).waitFor();
  });

  it('compares the versions of an experiment, and ends it with one of them', async () => {
    const page = await panel.at(admin, `/assistants/${helpdesk}/experiments`);
    const row = page.getByRole('row', { name: /^Resolved by the bot/ });
    await row.waitFor();
    expect(await row.innerText()).to.match(/\d+% \(\d+% … \d+%\)/);
    await page.getByRole('button', { name: 'End it' }).click();
    const dialog = page.getByRole('dialog');
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.route(`**/assistants/${helpdesk}`, async (route) => {
      await held;
      await route.continue();
    });
    await dialog.getByRole('combobox', { name: 'Keep' }).selectOption('1');
    await dialog.getByRole('button', { name: 'End it' }).click();
    await page.getByText('Version 1 was kept').waitFor();
    expect((await knex('assistants').where({ id: helpdesk }).first()).version).to.equal(3);
    // The next experiment is of the new version, which is nothing that somebody wrote.
    await page.locator('form').filter({ hasText: 'Version B' }).waitFor({ state: 'attached' });
    go();
    await page.locator('header').getByText('Version 3').waitFor();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('navigation', { name: 'Admin' }).getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
  });

  it('asks an answer again, beside the one that was shown', async () => {
    const run = await knex('runs').where({ assistant_id: helpdesk, status: 'completed' }).first('id');
    const page = await panel.at(admin, `/assistants/${helpdesk}/replays`);
    await page.getByRole('textbox', { name: /^Number of the answer/ }).fill(String(run.id));
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByRole('region', { name: 'As it was shown' }).waitFor();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText('Being asked …').waitFor();
    expect((await knex('replays').where({ run_id: run.id })).length).to.equal(1);
    expect(page.url()).to.include(`run=${run.id}`);
  });

  it('lets an answer to ask again be chosen from a conversation', async () => {
    const page = await panel.at(admin, `/assistants/${helpdesk}/replays`);
    await page.getByRole('list', { name: 'Conversations' }).getByRole('button').first().click();
    await page.getByRole('list', { name: 'Answers' }).getByRole('button').first().click();
    await page.getByRole('region', { name: 'As it was shown' }).waitFor();
    expect(new URL(page.url()).search).to.match(/^\?run=\d+$/);
    await page.getByRole('button', { name: 'Choose another' }).click();
    await page.getByRole('list', { name: 'Conversations' }).waitFor();
  });

  it('gives the line for a site, and shows the widget itself', async () => {
    const page = await panel.at(admin, `/assistants/${helpdesk}/widget`);
    await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
    await page
      .getByText(
        `<script src="${panel.api.url}/widget.js" data-assistant="${helpdesk}" data-language="de" async></script>`,
      )
      .waitFor();
    await page.frameLocator('iframe').getByRole('textbox', { name: 'Nachricht' }).waitFor();
  });

  it('has no serious finding in light, dark and on a tablet', async () => {
    await expectSound(panel, admin, '/assistants', (page) => page.getByRole('table').waitFor());
    await expectSound(panel, admin, `/assistants/${helpdesk}`, (page) =>
      page.getByRole('textbox', { name: 'Instructions' }).waitFor(),
    );
    await expectSound(panel, admin, `/assistants/${helpdesk}/versions`, (page) =>
      page.getByRole('combobox', { name: 'Compare' }).waitFor(),
    );
    await expectSound(panel, admin, `/assistants/${helpdesk}/experiments`, (page) =>
      page.getByRole('table').waitFor(),
    );
    await expectSound(panel, admin, `/assistants/${helpdesk}/widget`, (page) =>
      page.frameLocator('iframe').getByRole('textbox').waitFor(),
    );
  });
});
