/**
 * Runs a command. What it returns is the exit code; an error is one line, and exits with `failed`. A refused option is named.
 * @param name as in `npm run NAME`
 */
export async function command(name: string, main: () => Promise<number | void>, failed = 1): Promise<void> {
  try {
    process.exitCode = (await main()) ?? process.exitCode;
  } catch (error) {
    const { errors } = error as { errors?: { path: string; message: string }[] };
    const refused = errors?.map(({ path, message }) => `--${path.slice(1)} ${message}`).join(', ');
    console.error(`npm run ${name}: ${refused ?? (error instanceof Error ? error.message : error)}`);
    process.exitCode = failed;
  }
}
