import { expect } from 'chai';
import type { Job } from 'bullmq';
import type { Route } from 'playwright-core';
import { knex } from '../../db/knex.ts';
import type { Payloads } from '../../shared/delivery/jobs.ts';
import { faqImport } from '../../workers/faqImport.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { forgetAssistants } from '../support/assistants.ts';
import { buildDemo } from '../support/demo.ts';
import { type BuiltUser, buildUser } from '../support/factories.ts';
import { expectAccessible } from '../support/pages.ts';
import { expectSound, expectUncovered, usePanel } from '../support/panel.ts';
import { until } from '../support/until.ts';

describeBrowser('the page of the knowledge base', function () {
  this.timeout(180_000);
  const panel = usePanel();
  let agent: BuiltUser;
  before(async () => {
    await buildDemo();
    agent = await buildUser({ role: 'agent' });
  });
  after(forgetAssistants);

  it('finds as one types, keeps filters in the address, and goes back to them', async () => {
    const page = await panel.at(agent, '/knowledge');
    const table = page.getByRole('table', { name: 'Knowledge' });
    await table.waitFor();
    await page.getByRole('searchbox', { name: 'Find in questions and keywords' }).fill('PASSW');
    await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
    const hit = table.getByRole('link', { name: 'Wie setze ich mein Passwort zurück?' });
    await hit.waitFor();
    await page.waitForURL(/q=PASSW/);
    expect(page.url()).to.include('language=de');
    await until('one row is left', async () => (await table.getByRole('link').count()) === 1);
    await hit.click();
    await page.getByRole('heading', { level: 1, name: 'Edit FAQ' }).waitFor();
    await page.goBack();
    await hit.waitFor();
    await page.getByRole('searchbox').fill('nothing has this');
    await page.getByRole('status').getByText('0 shown').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await table.getByRole('link', { name: 'How do I reset my password?' }).waitFor();
  });

  it('writes an FAQ, says that there is one already, translates, publishes, archives with undo, and deletes', async () => {
    const page = await panel.at(agent, '/knowledge/new');
    await page.getByRole('textbox', { name: 'Question' }).fill('How do I reset a password?');
    await page
      .getByRole('region', { name: 'Perhaps there is one already' })
      .getByText('How do I reset my password?')
      .waitFor();
    await page.getByRole('textbox', { name: 'Question' }).fill('Where is the teapot?');
    await page.getByText('No other FAQ answers this question.').waitFor();
    await page.getByRole('textbox', { name: 'Answer' }).fill('It is in the **kitchen**.');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('region', { name: 'Preview' }).getByText('kitchen').waitFor();
    await page.getByRole('textbox', { name: /^Keywords/ }).fill('tea, pot');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Edit FAQ' }).waitFor();
    const faq = await knex('faqs').where({ question: 'Where is the teapot?' }).first();
    expect(faq).to.deep.include({ status: 'draft', keywords: ['tea', 'pot'], language: 'en' });

    await page.getByRole('button', { name: 'Publish' }).click();
    await until('it is published', async () => {
      return (await knex('faqs').where({ id: faq.id }).first()).status === 'published';
    });
    const cut = (route: Route) => (route.request().method() === 'PUT' ? route.abort() : route.continue());
    await page.route(`**/faqs/${faq.id}`, cut);
    await page.getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('alert').getByText('Parley cannot be reached.').waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count(), 'what did not happen').to.equal(0);
    const status = page.getByRole('combobox', { name: 'Status' }).and(page.locator('select'));
    expect(await status.inputValue(), 'what the next save would send').to.equal('published');
    await page.unroute(`**/faqs/${faq.id}`, cut);
    panel.forgive();
    await page.getByRole('button', { name: 'Archive' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Archive' }).waitFor();
    await status.waitFor();

    await page.getByRole('link', { name: 'Write it in German' }).click();
    await page.getByRole('heading', { level: 1, name: 'New FAQ' }).waitFor();
    await page.getByText('It is in the').waitFor();
    await page.getByRole('textbox', { name: 'Question' }).fill('Wo ist die Teekanne?');
    await page.getByRole('textbox', { name: 'Answer' }).fill('In der Küche.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Edit FAQ' }).waitFor();
    const beside = page.getByRole('region', { name: 'Other languages' });
    await beside.getByRole('link', { name: 'Where is the teapot?' }).waitFor();
    expect(await knex('faqs').where({ translation_of: faq.id }).pluck('language')).to.deep.equal(['de']);

    await page.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete this FAQ?' });
    expect(await dialog.getByRole('button', { name: 'Delete' }).isDisabled()).to.equal(true);
    await dialog.getByRole('textbox').fill('delete');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('table', { name: 'Knowledge' }).waitFor();
    expect(await knex('faqs').where({ translation_of: faq.id })).to.deep.equal([]);
  });

  it('asks before an FAQ that is not saved is left, by a link or by the way back, and keeps the text', async () => {
    const page = await panel.at(agent, '/knowledge/new');
    const question = page.getByRole('textbox', { name: 'Question' });
    await question.fill('Half a question');
    await page.getByRole('link', { name: 'Inbox' }).click();
    const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
    await dialog.getByRole('button', { name: 'Stay here' }).click();
    expect(await question.inputValue()).to.equal('Half a question');
    await page.getByRole('link', { name: 'Inbox' }).click();
    await dialog.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();

    await page.getByRole('link', { name: 'Knowledge', exact: true }).click();
    await page.getByRole('link', { name: 'New FAQ' }).click();
    await page.getByText('What you did not save is back.').waitFor();
    expect(await question.inputValue()).to.equal('Half a question');
    await page.goBack();
    await dialog.waitFor();
    expect(new URL(page.url()).pathname).to.equal('/admin/knowledge/new');
    await dialog.getByRole('button', { name: 'Leave' }).click();
    await page.waitForURL(/\/admin\/knowledge$/);
    await page.goForward();
    await page.getByRole('button', { name: 'Discard it' }).click();
    expect(await question.inputValue()).to.equal('');
    await page.getByRole('link', { name: 'Inbox' }).click();
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  });

  it('imports a sheet: names its columns, shows the first rows, and the faults by row; a reload goes on', async () => {
    const page = await panel.at(agent, '/knowledge/import');
    const sheet =
      'Frage;Antwort;Status;Notiz\r\n"Wo; genau?";Hier.;published;x\r\n;;;\r\nWann?;Jetzt.;sometime;y\r\n';
    await page.locator('input[type=file]').setInputFiles({
      name: 'faqs.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(sheet),
    });
    await page.getByRole('region', { name: 'The first rows' }).first().getByText('Wo; genau?').waitFor();
    expect(await page.getByRole('combobox', { name: 'Column “Frage” is' }).inputValue()).to.equal('question');
    expect(await page.getByRole('combobox', { name: 'Column “Notiz” is' }).inputValue()).to.equal('');
    const answer = page.getByRole('combobox', { name: 'Column “Antwort” is' });
    await answer.selectOption('');
    expect(await page.getByRole('button', { name: 'Start the import' }).isDisabled()).to.equal(true);
    await answer.selectOption('answer');
    await shoot(page, 'panel-knowledge-import-choose');
    await page.getByRole('button', { name: 'Start the import' }).click();
    await page.waitForURL(/import=\d+/);
    await page.getByText('Importing').waitFor();
    const { submitted } = await runImport();
    expect(submitted).to.equal(1);
    await page.getByText('The import is over: 1 imported, 1 not.').waitFor();
    await page.reload();
    // As the spreadsheet counts: the header is row 1, and row 3 is blank.
    await page.getByRole('row', { name: /^4 Status: Choose one of these/ }).waitFor();
    await shoot(page, 'panel-knowledge-import-over');
    expect(await knex('faqs').where({ question: 'Wo; genau?' }).pluck('answer')).to.deep.equal(['Hier.']);
  });

  it('exports, adds, renames and removes categories', async () => {
    const page = await panel.at(agent, '/knowledge');
    await page.getByRole('button', { name: 'Export' }).click();
    const saved = page.waitForEvent('download');
    await page.getByRole('dialog', { name: 'Export' }).getByRole('button', { name: 'Export' }).click();
    expect((await saved).suggestedFilename()).to.equal('faqs.csv');
    await page.getByRole('link', { name: 'Categories' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Teapots');
    await page.getByRole('button', { name: 'Add a category' }).click();
    await page.getByRole('button', { name: 'Rename: Teapots' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Imports go on to name it “teapots”.').waitFor();
    await expectAccessible(page);
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Pots');
    await dialog.getByRole('textbox', { name: 'Name' }).press('Enter');
    await page.getByRole('cell', { name: 'Pots', exact: true }).waitFor();
    expect(await knex('faq_categories').where({ name: 'Pots' }).pluck('slug')).to.deep.equal(['teapots']);
    await expectUncovered(page, 'The category is called “Pots” now');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Delete: Teapots' }).click();
    await dialog.getByRole('textbox').fill('Teapots');
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await knex('faq_categories').where({ name: 'Teapots' })).to.deep.equal([]);
  });

  it('shows what a search finds and why', async () => {
    const page = await panel.at(agent, '/knowledge/ask');
    await page.getByRole('searchbox').fill('reset my password');
    const hits = page.getByRole('list', { name: 'Found' }).getByRole('listitem');
    await hits.first().getByRole('link', { name: 'How do I reset my password?' }).waitFor();
    await hits.first().getByText('Found').waitFor();
    await page.getByText(/^An FAQ is found from a similarity of 0\.\d\d/).waitFor();
  });

  it('has no serious finding in light, dark and on a tablet', async () => {
    const { id } = await knex('faqs').where({ slug: 'reset-password' }).first('id');
    await expectSound(panel, agent, '/knowledge', (page) => page.getByRole('table').waitFor());
    await expectSound(panel, agent, `/knowledge/${id}`, (page) =>
      page.getByText('Answers that cite it').waitFor(),
    );
    await expectSound(panel, agent, '/knowledge/ask?q=reset%20password', (page) =>
      page.getByRole('list', { name: 'Found' }).waitFor(),
    );
    await expectSound(panel, agent, '/knowledge/import', (page) =>
      page.locator('input[type=file]').waitFor(),
    );
    await expectSound(panel, agent, '/knowledge/categories', (page) => page.getByRole('table').waitFor());
  });
});

/** Does the import as its worker does. */
async function runImport(): Promise<{ submitted: number }> {
  const imports: { id: number; user_id: number }[] = await knex('faq_imports').select('id', 'user_id');
  for (const { id, user_id } of imports)
    await faqImport({ data: { import_id: id, user_id } } as unknown as Job<Payloads['faq_import']>);
  return { submitted: imports.length };
}
