import { execFile } from 'node:child_process';

/** What the registry knows of the packages; unreachable: it could not be asked, for the reason given. */
export type Audited = { counts: Record<string, number> } | { unreachable: string };

type Report = {
  metadata?: { vulnerabilities?: Record<string, number> };
  message?: string;
  error?: { summary?: string };
};

/** Asks npm for known vulnerabilities of what the lockfile names. Installs nothing. */
export async function audit(root: string): Promise<Audited> {
  const text = await new Promise<string>((done) => {
    // It ends with 1 both when it finds something and when it cannot ask: what it prints tells which.
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
