/** `node scripts/monitoring/write.ts`: writes deploy/monitoring/dashboards anew from dashboards.ts. */
import { writeFileSync } from 'node:fs';
import { dashboards, grafana } from './dashboards.ts';

for (const one of dashboards)
  writeFileSync(`deploy/monitoring/dashboards/${one.uid}.json`, `${JSON.stringify(grafana(one), null, 2)}\n`);
