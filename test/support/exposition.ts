import { expect } from 'chai';

export type Sample = { name: string; labels: Record<string, string>; value: number };
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

/** Parses Prometheus' text format as strictly as its own parser: one description a family, no sample twice. */
function parseExposition(text: string): Sample[] {
  expect(text.endsWith('\n')).to.equal(true);
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, type = '', kind = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (type !== '') {
      expect(types.has(type), `${type} twice`).to.equal(false);
      types.set(type, kind);
    }
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', rawLabels = '', value = ''] = SAMPLE.exec(line) ?? [];
    expect(name, line).not.to.equal('');
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    expect(types.has(family), `${name} has no type`).to.equal(true);
    const pairs = [...rawLabels.matchAll(LABEL)];
    expect(pairs.map(([pair]) => pair).join(''), line).to.equal(rawLabels);
    const key = `${name}{${rawLabels}}`;
    expect(seen.has(key), `${key} twice`).to.equal(false);
    seen.add(key);
    const labels = Object.fromEntries(pairs.map(([, label, text]) => [label, text]));
    samples.push({ name, labels, value: Number(value) });
  }
  return samples;
}

export async function scrape(url: string): Promise<Sample[]> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).to.equal(200);
  expect(answer.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
  return parseExposition(await answer.text());
}

/** Sums a metric's samples with these labels; 0 without any. */
export function valueOf(samples: Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter(
      (sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v),
    )
    .reduce((sum, { value }) => sum + value, 0);
}
