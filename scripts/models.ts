/** `npm run models`: see USAGE. */
const USAGE = `npm run models

Asks the models of the environment once each: those of CHAT_MODEL and CHAT_MODEL_FALLBACK, EMBEDDING_MODEL and
MODERATION_MODEL. Prints where each is, whether its server lists it, and what came back. Exits with 1 when one fails.
Costs a few tokens. docs/models.md says what to set for which server.`;

if (process.argv.includes('--help')) console.log(USAGE);
else {
  // What goes wrong is printed here.
  process.env.LOG_LEVEL ||= 'silent';
  const { askModels } = await import('../shared/provider/askModels.ts');
  const { stop } = await import('../shared/base/stop.ts');
  process.exitCode = (await askModels((line) => console.log(line))) ? 0 : 1;
  await stop();
}
