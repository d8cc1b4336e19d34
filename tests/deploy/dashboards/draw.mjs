// Asks Prometheus every query of dashboards and draws them in a headless Chromium:
//   node draw.mjs TASK
// where TASK is JSON: {prometheus, end, seconds, step, scrapeInterval, dashboards: [{file, variables, picture}]}.
// Prints what was found as JSON: [{file, panels: […], empty: [queries without data], errors: […]}].

import {readFileSync} from 'node:fs';

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
    __range: `${task.seconds}s`,
  };
  return expression.replace(/\$(\w+)/g, (_, name) => {
    if (!(name in values)) throw new Error(`there is no variable ${name}`);
    return values[name];
  });
}

function query({expr, instant}, variables) {
  const text = interpolate(expr, variables);
  return instant ? ask('query', {query: text, time: range.end}) : ask('query_range', {query: text, ...range});
}

const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox']});
const found = [];
for (const {file, variables, picture} of task.dashboards) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  const results = {};
  const empty = [];
  for (const panel of dashboard.panels.filter(({type}) => type !== 'row')) {
    results[panel.id] = await Promise.all(panel.targets.map((target) => query(target, variables)));
    panel.targets.forEach(({expr}, index) => {
      if (results[panel.id][index].length === 0) empty.push(`${panel.title}: ${expr}`);
    });
  }
  const page = await browser.newPage({viewport: {width: 1280, height: 800}});
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.setContent(readFileSync('page.html', 'utf8'));
  await page.addScriptTag({path: 'renderer.js'});
  // eslint-disable-next-line no-undef
  const panels = await page.evaluate((all) => drawDashboard(all), {dashboard, results, range, variables});
  await page.screenshot({path: picture, fullPage: true});
  found.push({file, panels, empty, errors});
}
await browser.close();
console.log(JSON.stringify(found));
