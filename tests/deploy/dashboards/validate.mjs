// Validates dashboards against Grafana's own types: node validate.mjs FILE…

import {readFileSync} from 'node:fs';

import Ajv from 'ajv';
import {createGenerator} from 'ts-json-schema-generator';

const SCHEMA = 'node_modules/@grafana/schema/dist/types/raw';
const SDK = 'node_modules/@grafana/grafana-foundation-sdk/dist';
const WITH_FIELDS = ['heatmap', 'table', 'timeseries'];
// What Grafana adds to a file for its import: not part of a dashboard.
const FOR_IMPORT = ['__inputs', '__elements', '__requires'];
// What the data source for Prometheus reads of an annotation; its type in the schema is the one of Grafana's own annotations.
const OF_PROMETHEUS = ['expr', 'step', 'titleFormat', 'textFormat', 'tagKeys', 'useValueForTime'];

const ajv = () => new Ajv({strict: false, allErrors: true});

function validator(path, type) {
  const schema = createGenerator({
    path, type, tsconfig: 'tsconfig.json', additionalProperties: false, encodeRefs: false,
  }).createSchema(type);
  return ajv().compile(schema);
}

const without = (object, keys) => Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

const validDashboard = validator(`${SCHEMA}/dashboard/x/types.gen.d.ts`, 'Dashboard');
const validField = validator(`${SCHEMA}/dashboard/x/types.gen.d.ts`, 'FieldConfig');
const validQuery = validator(`${SDK}/prometheus/types.gen.d.ts`, 'Dataquery');
const validAnnotation = validator(`${SDK}/dashboard/types.gen.d.ts`, 'AnnotationQuery');
const panelTypes = new Map();

// Grafana publishes no schema of the alert list: these are the options of its source code.
const boolean = {type: 'boolean'};
const string = {type: 'string'};
const states = ['firing', 'pending', 'noData', 'normal', 'error', 'recovering'];
const ALERT_LIST = {
  type: 'object', additionalProperties: false,
  properties: {
    viewMode: {enum: ['list', 'stat']}, groupMode: {enum: ['default', 'custom']}, groupBy: {type: 'array', items: string},
    maxItems: {type: 'integer'}, sortOrder: {enum: [1, 2, 3, 4, 5]}, dashboardAlerts: boolean, alertName: string,
    alertInstanceLabelFilter: string, datasource: string, folder: {type: ['object', 'null']}, showInstances: boolean,
    showInactiveAlerts: boolean,
    stateFilter: {type: 'object', additionalProperties: false, properties: Object.fromEntries(states.map((s) => [s, boolean]))},
  },
};

/** What a kind of panel has of its own: options, and settings of its fields. */
function validPanel(type) {
  if (!panelTypes.has(type)) {
    const path = `${SCHEMA}/composable/${type}/panelcfg/x/types.gen.d.ts`;
    panelTypes.set(type, {
      options: type === 'alertlist' ? ajv().compile(ALERT_LIST) : validator(path, 'Options'),
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

/** The schema leaves open what an override sets: it must fit to what it changes. */
function checkOverride(what, custom, defaults, {matcher, properties}) {
  const its = (prefix) => Object.fromEntries(properties.filter(({id}) => id.startsWith('custom.') === (prefix !== ''))
    .map(({id, value}) => [id.slice(prefix.length), value]));
  check(`${what}: override of ${matcher.options}`, validField, its(''));
  check(`${what}: override of ${matcher.options}: custom`, custom, {...defaults.custom, ...its('custom.')});
}

for (const file of process.argv.slice(2)) {
  const dashboard = without(JSON.parse(readFileSync(file, 'utf8')), FOR_IMPORT);
  const annotations = dashboard.annotations.list;
  check(file, validDashboard, {...dashboard,
    annotations: {list: annotations.map((annotation) => without(annotation, OF_PROMETHEUS))}});
  for (const annotation of annotations) check(`${file}: ${annotation.name}`, validAnnotation, annotation);
  for (const panel of dashboard.panels.filter(({type}) => type !== 'row')) {
    const what = `${file}: ${panel.title}`;
    const {options, custom} = validPanel(panel.type);
    check(`${what}: options`, options, panel.options);
    check(`${what}: custom`, custom, panel.fieldConfig.defaults.custom ?? {});
    for (const override of panel.fieldConfig.overrides) checkOverride(what, custom, panel.fieldConfig.defaults, override);
    for (const query of panel.targets ?? []) check(`${what}: query`, validQuery, query);
  }
}
