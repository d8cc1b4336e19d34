// Asks Prometheus every query of dashboards and draws them in a headless Chromium with Grafana's own components:
//   node draw.mjs TASK
// where TASK is JSON: {prometheus, end, seconds, step, scrapeInterval, dashboards: [{file, variables, picture}]}.
// Prints what was found as JSON: [{file, panels: […], empty: [queries without data], errors: […]}].

import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

import esbuild from 'esbuild';
import {chromium} from 'playwright-core';

const task = JSON.parse(process.argv[2]);
const range = {start: task.end - task.seconds, end: task.end, step: task.step};

async function ask(path, parameters) {
  const answer = await fetch(`${task.prometheus}/api/v1/${path}`, {method: 'POST', body: new URLSearchParams(parameters)});
  const {status, data, error} = await answer.json();
  if (status !== 'success') throw new Error(`${parameters.query}: ${error}`);
  return data.result;
}

/** What Grafana puts in the place of variables. */
function interpolate(expression, variables) {
  const values = {
    ...variables,
    __rate_interval: `${Math.max(task.step + task.scrapeInterval, 4 * task.scrapeInterval)}s`,
    __interval: `${task.step}s`,
    __interval_ms: `${task.step * 1000}`,
    __range: `${task.seconds}s`,
  };
  return expression.replace(/\$([a-z_]+)/g, (_, name) => {
    if (!(name in values)) throw new Error(`there is no variable ${name}`);
    return values[name];
  });
}

function query({expr, instant}, variables) {
  const text = interpolate(expr, variables);
  return instant ? ask('query', {query: text, time: range.end}) : ask('query_range', {query: text, ...range});
}

/** When the annotations have events: [{at, color}]. Of what lasts, the begin. */
async function eventsOf(dashboard, variables) {
  const events = [];
  for (const {expr, iconColor: color, useValueForTime} of dashboard.annotations.list) {
    for (const {values} of await query({expr}, variables)) {
      if (useValueForTime) {
        for (const at of new Set(values.map(([, value]) => Number(value)))) events.push({at, color});
      } else {
        const lasting = values.filter(([, value]) => Number(value) > 0);
        if (lasting.length > 0) events.push({at: lasting[0][0] * 1000, color});
      }
    }
  }
  return events;
}

/** The page's program with Grafana's parts. Editors of code are left out: no panel needs them. */
function bundle() {
  const {outputFiles} = esbuild.buildSync({
    entryPoints: ['page.jsx'], bundle: true, write: false, outdir: 'bundle', jsx: 'automatic', logLevel: 'error', minify: true,
    define: {'process.env.NODE_ENV': '"production"'},
    loader: {'.svg': 'dataurl', '.woff2': 'dataurl', '.ttf': 'empty'},
    alias: {'monaco-editor': './nothing.mjs', '@monaco-editor/react': './nothing.mjs'},
  });
  const ending = (suffix) => outputFiles.find(({path}) => path.endsWith(suffix)).text;
  return {script: ending('.js'), style: ending('.css')};
}

const {script, style} = bundle();
const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox']});
const found = [];
for (const {file, variables, picture} of task.dashboards) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  const results = {};
  const empty = [];
  for (const panel of dashboard.panels.filter(({type}) => type !== 'row')) {
    const targets = panel.targets ?? [];
    results[panel.id] = await Promise.all(targets.map((target) => query(target, variables)));
    targets.forEach(({expr, legendFormat}, index) => {
      if (results[panel.id][index].length === 0) empty.push(`${panel.title}: ${legendFormat}: ${expr}`);
    });
  }
  // All of it at once: browsers leave out parts of tables that are not in view.
  const height = 100 + 38 * Math.max(...dashboard.panels.map(({gridPos: {y, h}}) => y + h));
  const page = await browser.newPage({viewport: {width: 1400, height}});
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  // Nothing is fetched from elsewhere: Grafana's icons are in its package.
  await page.route('**/*', (route) => {
    const {pathname} = new URL(route.request().url());
    const icon = join('node_modules/@grafana/ui/dist/public', pathname.replace(/^.*?public\/(build\/)?/, ''));
    if (pathname === '/') return route.fulfill({contentType: 'text/html', body: '<!doctype html><body></body>'});
    return existsSync(icon) ? route.fulfill({path: icon}) : route.fulfill({status: 404, body: ''});
  });
  await page.goto('http://dashboard.test/');
  await page.addScriptTag({content: script});
  await page.addStyleTag({content: style});
  await page.addStyleTag({path: 'page.css'});
  const events = await eventsOf(dashboard, variables);
  const panels = await page.evaluate((all) => window.drawDashboard(all), {dashboard, results, range, variables, events});
  await page.screenshot({path: picture, fullPage: true});
  found.push({file, panels, empty, errors});
  await page.close();
}
await browser.close();
console.log(JSON.stringify(found));
