// Validates dashboards against Grafana's own types: node validate.mjs FILE…

import {readFileSync} from 'node:fs';

import Ajv from 'ajv';
import {createGenerator} from 'ts-json-schema-generator';

const SCHEMA = 'node_modules/@grafana/schema/dist/types/raw';
const QUERIES = 'node_modules/@grafana/grafana-foundation-sdk/dist/prometheus/types.gen.d.ts';
const WITH_FIELDS = ['heatmap', 'table', 'timeseries'];

function validator(path, type) {
  const schema = createGenerator({
    path, type, tsconfig: 'tsconfig.json', additionalProperties: false, encodeRefs: false,
  }).createSchema(type);
  return new Ajv({strict: false, allErrors: true}).compile(schema);
}

const validDashboard = validator(`${SCHEMA}/dashboard/x/types.gen.d.ts`, 'Dashboard');
const validQuery = validator(QUERIES, 'Dataquery');
const panelTypes = new Map();

/** What a kind of panel has of its own: options, and settings of its fields. */
function validPanel(type) {
  if (!panelTypes.has(type)) {
    const path = `${SCHEMA}/composable/${type}/panelcfg/x/types.gen.d.ts`;
    panelTypes.set(type, {
      options: validator(path, 'Options'),
      custom: WITH_FIELDS.includes(type) ? validator(path, 'FieldConfig')
        : new Ajv().compile({type: 'object', additionalProperties: false}),
    });
  }
  return panelTypes.get(type);
}

function check(what, validate, value) {
  if (validate(value)) return;
  process.exitCode = 1;
  for (const {instancePath, message, params} of validate.errors) {
    console.log(`${what}: ${instancePath}: ${message} ${JSON.stringify(params)}`);
  }
}

for (const file of process.argv.slice(2)) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  check(file, validDashboard, dashboard);
  for (const panel of dashboard.panels.filter(({type}) => type !== 'row')) {
    const what = `${file}: ${panel.title}`;
    const {options, custom} = validPanel(panel.type);
    check(`${what}: options`, options, panel.options);
    check(`${what}: custom`, custom, panel.fieldConfig.defaults.custom ?? {});
    for (const query of panel.targets) check(`${what}: query`, validQuery, query);
  }
}
