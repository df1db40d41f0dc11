import { execFile } from 'node:child_process';

/** The registry's findings; `unreachable`: why the registry could not be asked. */
export type Audited = { counts: Record<string, number> } | { unreachable: string };

type Report = {
  metadata?: { vulnerabilities?: Record<string, number> };
  message?: string;
  error?: { summary?: string };
};

/** Asks npm for known vulnerabilities of the packages in the lockfile. Installs nothing. */
export async function audit(root: string): Promise<Audited> {
  const text = await new Promise<string>((done) => {
    // npm exits with 1 for findings and for failures alike; its output distinguishes them.
    execFile('npm', ['audit', '--json'], { cwd: root, maxBuffer: 64 * 2 ** 20 }, (_, stdout) => done(stdout));
  });
  const report = read(text);
  const counts = report.metadata?.vulnerabilities;
  if (counts === undefined) return { unreachable: report.message ?? report.error?.summary ?? 'no answer' };
  return { counts };
}

function read(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}
