import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { URI } from 'otpauth';
import { knex } from '../../db/knex.ts';
import { env } from '../../shared/base/env.ts';
import { writeExport } from '../../shared/privacy/exports.ts';
import { erasure } from '../../workers/erasure.ts';
import { describeBrowser, shoot } from '../support/browser.ts';
import { chatPages, LOOKS, message } from '../support/chatPage.ts';
import { buildGuest, buildUser, PASSWORD } from '../support/factories.ts';
import { expectAccessible } from '../support/pages.ts';

describeBrowser('the account page', function () {
  this.timeout(120_000);
  const pages = chatPages();
  const { MAIL_DIR } = env;
  before(() => Object.assign(env, { MAIL_DIR: '/tmp' }));
  after(() => Object.assign(env, { MAIL_DIR }));
  const account = async (options = {}) => {
    const user = await buildUser();
    const page = await pages.at(user, options);
    await page.goto(`${pages.api().url}/account`);
    await page.getByRole('heading', { name: 'Account' }).waitFor();
    return { user, page };
  };

  it('gathers everything about the user, shows how far it is and downloads it', async () => {
    const { user, page } = await account();
    await page.getByRole('button', { name: 'Prepare a download' }).click();
    await page.getByText(/Your data is being gathered: 0/).waitFor();
    await page.reload();
    await page.getByRole('progressbar').waitFor();
    const [row] = await knex('exports').where({ user_id: user.id });
    await writeExport(row.id);
    await page.getByText(/The download is available until/).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).click(),
    ]);
    expect(
      readFileSync(await download.path())
        .subarray(0, 2)
        .toString(),
    ).to.equal('PK');
    await page.getByText('Who read my data').click();
    await page.getByText('Nobody did.').waitFor();
  });

  it('erases an account when its word is typed, and shows a receipt that others can read', async () => {
    const { user, page } = await account();
    // Others wrote here. One of them may be erased by now, elsewhere.
    const [long, lately] = [user.id + 1_000_000, user.id + 2_000_000];
    await page.evaluate(`
      localStorage.setItem('parley.draft.${long}.new', 'of long ago');
      localStorage.setItem('parley.visit.${long}', Date.now() - 31 * 86_400_000);
      localStorage.setItem('parley.draft.${lately}.new', 'of a colleague');
    `);
    await page.goto(pages.api().url);
    await message(page).fill('a secret draft');
    const kept = await page.evaluate('JSON.stringify(localStorage)');
    expect(kept).to.contain('of a colleague').and.not.contain('of long ago').and.not.contain(String(long));
    // A page that is open for long notes that its account is still here.
    const visited = () => page.evaluate<string | null>(`localStorage.getItem('parley.visit.${user.id}')`);
    await page.evaluate(`localStorage.setItem('parley.visit.${user.id}', 1);
      document.dispatchEvent(new Event('visibilitychange'));`);
    expect(Number(await visited())).to.be.above(1);
    await page.goto(`${pages.api().url}/account`);
    await page.getByRole('button', { name: 'Erase my account' }).click();
    const dialog = page.getByRole('dialog', { name: 'Erase the account' });
    const submit = dialog.getByRole('button', { name: 'Erase for good' });
    await dialog.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
    expect(await submit.isDisabled()).to.equal(true);
    await dialog.getByRole('textbox', { name: /Type/ }).fill('erase');
    await expectAccessible(page);
    await shoot(page, 'erase');
    // What an agent wrote in the panel.
    await page.evaluate(`localStorage.setItem('parley.reply.${user.id}.1.note', 'secret draft of a note')`);
    await submit.click();
    await page.getByText('The account is being erased').waitFor();
    const link = (await page.getByRole('link', { name: /erased#receipt=/ }).getAttribute('href')) ?? '';
    await erasure();
    await page.getByText('The account is erased.').waitFor();
    await page.getByText('What was removed').click();
    await shoot(page, 'erased');
    await expectAccessible(page);
    expect(await knex('users').where({ id: user.id, email: user.email })).to.have.length(0);
    expect(await page.evaluate('JSON.stringify(localStorage)')).to.not.contain('secret draft');
    expect(await visited()).to.equal(null);
    const stranger = await pages.open();
    await stranger.goto(link);
    await stranger.getByText('The account is erased.').waitFor();
    await page.getByRole('link', { name: 'To the chat' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    // The page may hear that its sign-in ended before it hears that the account is being erased, and then asks for another.
    pages.excuse();
  });

  it('erases a guest without a password', async () => {
    const page = await pages.open();
    await page.getByRole('button', { name: 'Try as guest' }).click();
    await message(page).waitFor();
    await page.goto(`${pages.api().url}/account`);
    await page.getByRole('button', { name: 'Erase my account' }).click();
    expect(await page.getByRole('textbox', { name: 'Current password' }).count()).to.equal(0);
    await page.getByRole('textbox', { name: /Type/ }).fill('Erase');
    await page.getByRole('button', { name: 'Erase for good' }).click();
    await page.getByText('The account is being erased').waitFor();
    await erasure();
    await page.getByText('The account is erased.').waitFor();
    // As above.
    pages.excuse();
  });

  it('sets up a second factor by a QR code, asks for its code at the next sign-in, and turns it off', async () => {
    const { user, page } = await account();
    await page.getByRole('button', { name: 'Set up a second factor' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set up a second factor' });
    await dialog.getByRole('textbox', { name: 'Current password' }).fill('not that one');
    await dialog.getByRole('button', { name: 'Next' }).click();
    await dialog.getByRole('alert').getByText('wrong').waitFor();
    await dialog.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
    const [answer] = await Promise.all([
      page.waitForResponse((one) => one.url().endsWith('/second-factor') && one.status() === 201),
      dialog.getByRole('button', { name: 'Next' }).click(),
    ]);
    const { uri } = (await answer.json()) as { uri: string };
    await dialog.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    await expectAccessible(page);
    await shoot(page, 'second-factor');
    const totp = URI.parse(uri) as unknown as { generate: (at?: object) => string };
    await dialog.getByRole('textbox', { name: 'Code from the app' }).fill('000000');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await dialog.getByRole('alert').getByText('This code is wrong').waitFor();
    await dialog.getByRole('textbox', { name: 'Code from the app' }).fill(totp.generate());
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    const codes = dialog.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
    await codes.first().waitFor();
    expect(await codes.count()).to.equal(10);
    const recovery = (await codes.first().textContent()) ?? '';
    await expectAccessible(page);
    await shoot(page, 'recovery-codes');
    await dialog.getByRole('button', { name: 'I have saved them' }).click();
    await page.getByText('On. Signing in asks for a code.').waitFor();
    await page.reload();
    expect(await page.getByText(recovery).count()).to.equal(0);

    const other = await pages.open();
    await other.getByRole('textbox', { name: 'E-mail' }).fill(user.email);
    await other.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByRole('textbox', { name: 'Code' }).fill('123456');
    await other.getByRole('button', { name: 'Confirm' }).click();
    await other.getByRole('alert').getByText('This code is wrong').waitFor();
    await expectAccessible(other);
    await other.getByRole('textbox', { name: 'Code' }).fill(recovery);
    await other.getByRole('button', { name: 'Confirm' }).click();
    await message(other).waitFor();

    await page.getByRole('button', { name: 'Turn the second factor off' }).click();
    const off = page.getByRole('dialog', { name: 'Turn the second factor off' });
    await off.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
    await off.getByRole('button', { name: 'Turn the second factor off' }).click();
    await page.getByRole('button', { name: 'Set up a second factor' }).waitFor();
    // Wrong passwords and codes are errors in the console.
    pages.excuse();
  });

  it('says what the user is told, where and when not', async () => {
    const { user, page } = await account();
    await page.getByRole('checkbox', { name: 'An answer is ready and you are away: E-mail' }).click();
    await page.getByRole('checkbox', { name: 'A person replied and you are away: Push' }).click();
    expect(
      await page.getByRole('checkbox', { name: 'New sign-in to your account: E-mail' }).isDisabled(),
    ).to.equal(true);
    await page.getByRole('checkbox', { name: 'Quiet hours' }).click();
    await page.getByLabel('From').fill('21:30');
    await page.getByLabel('To', { exact: true }).fill('06:15');
    const saved = page.waitForResponse(
      (one) => one.request().method() === 'PUT' && (one.request().postData() ?? '').includes('06:15'),
    );
    await page.getByRole('checkbox', { name: 'Quiet hours' }).focus();
    await saved;
    const { body } = await pages
      .api()
      .call('GET', '/users/me/notifications', undefined, { token: user.access });
    expect(body.quiet_hours).to.deep.equal({ from: '21:30', to: '06:15' });
    expect(body.answer_ready).to.deep.equal({ email: false, push: true });
    expect(body.agent_replied).to.deep.equal({ email: true, push: false });
    await page.reload();
    expect(await page.getByLabel('From').inputValue()).to.equal('21:30');
  });

  it('has the confirming mail sent again, and changes the address by a link to the new one', async () => {
    const { user, page } = await account();
    await page.getByText('Not confirmed yet').waitFor();
    await page.getByRole('button', { name: 'Send the e-mail again' }).click();
    await page.getByText('Sent. Check your e-mail.').waitFor();
    await page.getByRole('button', { name: 'Change e-mail address' }).click();
    await page.getByRole('textbox', { name: 'New e-mail address' }).fill(`new${user.id}@example.com`);
    const form = page.getByRole('region', { name: 'E-mail' });
    await form.getByRole('textbox', { name: 'Current password' }).fill(PASSWORD);
    await form.getByRole('button', { name: 'Send the link' }).click();
    await page.getByText(`We sent a link to new${user.id}@example.com`).waitFor();
    const owed = await knex('notifications').where({ user_id: user.id });
    expect(owed.length).to.be.at.least(2);
  });

  it('signs another device out, and keeps a history of consents with their versions', async () => {
    const { user, page } = await account();
    const other = await pages.at(user);
    const list = page.getByRole('region', { name: 'Devices' });
    await page.reload();
    await list
      .getByRole('button', { name: /^Sign out Chrome/ })
      .first()
      .click();
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
    await other.getByText('You are signed out: the sign-in has ended').waitFor();
    const consents = page.getByRole('region', { name: 'Consents' });
    await consents.getByRole('checkbox').nth(1).check();
    await consents.getByRole('checkbox').nth(1).uncheck();
    await consents.getByText('What you agreed to and withdrew').click();
    await consents.getByText(/News: withdrawn/).waitFor();
    await consents.getByText(/News: given/).waitFor();
    await consents.getByText(/^Version /).waitFor();
    // The page of the device that was signed out asked in vain.
    pages.excuse();
  });

  for (const [name, options] of Object.entries(LOOKS))
    it(`has no serious finding: ${name}`, async () => {
      const { page } = await account(options);
      await page.getByText('Quiet hours').waitFor();
      await shoot(page, `account-${name}`);
      await expectAccessible(page);
    });

  it('shows a guest what a guest has', async () => {
    await buildGuest();
    const page = await pages.open(LOOKS['phone-light']);
    await page.getByRole('button', { name: 'Try as guest' }).click();
    await message(page).waitFor();
    await page.goto(`${pages.api().url}/account`);
    await page.getByText('Quiet hours').waitFor();
    expect(await page.getByRole('button', { name: 'Set up a second factor' }).count()).to.equal(0);
    expect(await page.getByRole('columnheader', { name: 'E-mail' }).count()).to.equal(0);
  });
});
