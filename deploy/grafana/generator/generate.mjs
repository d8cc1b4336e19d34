// Writes the dashboards as JSON into a directory: node generate.mjs DIRECTORY

import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

import callsOverview from './calls_overview.mjs';
import connectionDetail from './connection_detail.mjs';
import exporterHealth from './exporter_health.mjs';

const directory = process.argv[2];
if (!directory) {
  console.error('Usage: node generate.mjs DIRECTORY');
  process.exit(2);
}
mkdirSync(directory, {recursive: true});
const dashboards = {
  calls_overview: callsOverview(),
  connection_detail: connectionDetail(),
  exporter_health: exporterHealth(),
};
for (const [name, dashboard] of Object.entries(dashboards)) {
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(dashboard, null, 2)}\n`);
}
