// scenarios.mjs NAME ADDRESS PID: what a person does with the status page at ADDRESS, which the
// exporter with that process id serves.
import assert from 'node:assert/strict';
import { checkAccessibility, eventually, withPage } from './browser.mjs';

const [name, address, pid] = process.argv.slice(2);

const texts = (page, selector) => page.locator(selector).allInnerTexts();
const namesOf = (page) => texts(page, '.connections tbody th a');
const figuresOf = async (page) =>
  (await texts(page, '.connections .calls .figure')).map((text) => Number(text.replaceAll(',', '')));
const isSorted = (numbers, order) =>
  numbers.every((number, i) => i === 0 || order * (number - numbers[i - 1]) >= 0);

async function sortByCalls(page) {
  await page.goto(address);
  const heading = page.locator('#sort-calls');
  await heading.click();
  await eventually('the most calls come first', async () =>
    (await page.locator('th[aria-sort="descending"] #sort-calls').count()) === 1 &&
    isSorted(await figuresOf(page), -1));
  assert.equal(new URL(page.url()).search, '?sort=calls');
  await heading.click();
  await eventually('the fewest calls come first', async () =>
    (await page.locator('th[aria-sort="ascending"] #sort-calls').count()) === 1 &&
    isSorted(await figuresOf(page), 1));
  assert.equal(new URL(page.url()).search, '?sort=calls&order=asc');
  await page.goBack();
  await eventually('back to the most calls', async () => isSorted(await figuresOf(page), -1));
}

async function filter(page) {
  await page.goto(address);
  const all = await namesOf(page);
  assert.ok(all.length > 3);
  await page.click('#show-failing');
  await eventually('only the failing ones', async () => {
    const names = await namesOf(page);
    return names.length === 2 && names.every((text) => text.startsWith('broken'));
  });
  assert.equal(await page.locator('#show-failing').getAttribute('aria-current'), 'true');
  await page.click('#show-all');
  await eventually('all again', async () => (await namesOf(page)).length === all.length);
  await page.fill('#q', 'SUPP');
  await eventually('those that were searched', async () =>
    JSON.stringify(await namesOf(page)) === '["support"]');
  await page.press('#q', 'Enter');
  assert.equal(new URL(page.url()).search, '?q=SUPP');
  await page.fill('#q', 'no such name');
  await page.locator('.empty').waitFor();
  await page.click('.empty a');
  await eventually('all at last', async () => (await namesOf(page)).length === all.length);
  assert.equal(await page.inputValue('#q'), '');
}

const scenarios = {
  async sorting() {
    await withPage({}, sortByCalls);
  },

  async filtering() {
    await withPage({}, filter);
  },

  async without_script() {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await sortByCalls(page);
      await page.goto(address);
      await page.fill('#q', 'sales');
      await page.click('#search button');
      assert.deepEqual(await namesOf(page), ['sales']);
      await page.click('#show-failing');
      assert.equal(new URL(page.url()).search, '?show=failing&q=sales');
      assert.equal(await page.locator('.empty').count(), 1);
      // A button that does nothing is not shown.
      assert.equal(await page.locator('#pause').isVisible(), false);
    });
  },

  async widths() {
    await withPage({}, async (page) => {
      await page.goto(address);
      for (const path of [address, await page.locator('.connections tbody th a').first().getAttribute('href')]) {
        await page.goto(new URL(path, address).href);
        for (const width of [360, 720, 721, 800, 1000, 1200, 1201, 1280, 1366, 1440, 1920]) {
          await page.setViewportSize({ width, height: 900 });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= width, `${path} is ${wide} px wide in a window of ${width}`);
        }
      }
    });
  },

  // Numbers change while the focus, the selection and the place of the page stay.
  async live() {
    await withPage({ viewport: { width: 1440, height: 500 } }, async (page) => {
      await page.goto(address);
      await page.evaluate(() => { globalThis.sameDocument = true; });
      const link = page.locator('.connections tbody th a', { hasText: 'support' });
      await link.focus();
      await page.evaluate(() => {
        globalThis.focused = document.activeElement;
        getSelection().selectAllChildren(document.getElementById('connections'));
        scrollTo(0, 200);
      });
      const shown = await page.innerText('#shown');
      const figures = await figuresOf(page);
      await eventually('other numbers', async () =>
        (await page.innerText('#shown')) !== shown &&
        JSON.stringify(await figuresOf(page)) !== JSON.stringify(figures));
      assert.deepEqual(await page.evaluate(() => ({
        document: globalThis.sameDocument,
        focus: document.activeElement === globalThis.focused,
        selection: String(getSelection()),
        scroll: scrollY,
      })), { document: true, focus: true, selection: 'Connections', scroll: 200 });

      await page.click('#pause');
      assert.equal(await page.innerText('#pause'), 'Resume');
      const paused = await page.innerText('#shown');
      await page.click('#pause');
      await eventually('it goes on', async () => (await page.innerText('#shown')) !== paused);
    });
  },

  // A process that stands still keeps its connections and answers nothing.
  async outage() {
    await withPage({}, async (page) => {
      const colour = () =>
        page.locator('.connections .calls .figure').first().evaluate((e) => getComputedStyle(e).color);
      await page.goto(address);
      const usual = await colour();
      assert.equal(await page.locator('#outage').innerText(), '');
      process.kill(pid, 'SIGSTOP');
      try {
        await page.locator('#outage', { hasText: 'The exporter does not answer.' }).waitFor();
        assert.notEqual(await colour(), usual);
        const age = async () => Number(/(\d+) s ago/.exec(await page.innerText('#outage-age'))[1]);
        const first = await age();
        await eventually('what is shown grows older', async () => (await age()) > first);
        await checkAccessibility(page);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await eventually('it answers again', async () => (await page.innerText('#outage')) === '');
      assert.equal(await colour(), usual);
    });
  },

  async connection() {
    await withPage({}, async (page) => {
      await page.goto(address);
      await page.locator('.connections tbody th a', { hasText: 'support' }).click();
      assert.equal(await page.innerText('h1'), 'support');
      const legs = await texts(page, 'table.longest tbody td:nth-child(2)');
      assert.equal(legs.length, 10);
      for (const leg of legs) assert.match(leg, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      const buckets = (await texts(page, '.buckets td.num')).map((text) => Number(text.replaceAll(',', '')));
      const calls = Number((await page.innerText('.totals .figure >> nth=0')).replaceAll(',', ''));
      assert.equal(buckets.reduce((sum, count) => sum + count), calls);
      const shown = await page.innerText('#shown');
      await eventually('it is kept fresh', async () => (await page.innerText('#shown')) !== shown);
      await page.click('.back a');
      assert.ok((await namesOf(page)).includes('support'));

      await page.locator('.connections tbody th a', { hasText: 'broken-id' }).click();
      assert.match(await page.innerText('.condition'),
        /Failing[^]*HTTP 404: there is no such connection[^]*Resource not found/);
    });
  },

  async refused_configuration() {
    await withPage({}, async (page) => {
      await page.goto(address);
      await page.locator('.notice', { hasText: 'The newest configuration was refused' }).waitFor();
      assert.match(await page.innerText('.notice'), /poll\.interval: "5x" is not a duration/);
      await checkAccessibility(page);
    });
  },

  async keyboard() {
    await withPage({}, async (page) => {
      await page.goto(address);
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
      await page.keyboard.press('Enter');
      await eventually('the content has the focus', () =>
        page.evaluate(() => document.activeElement.id === 'main'));
      await page.locator('#sort-name').focus();
      await page.keyboard.press('Enter');
      await page.locator('th[aria-sort="ascending"] #sort-name').waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), 'sort-name');
    });
  },

  async accessibility() {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1440, 390]) {
        await withPage({ colorScheme, viewport: { width, height: 900 } }, async (page) => {
          await page.goto(address);
          await checkAccessibility(page);
          // Nothing is wider than the screen.
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
          const connections = await page.locator('.connections tbody th a').evaluateAll((links) =>
            links.map((link) => [link.textContent, link.href]));
          for (const wanted of ['support', 'broken-id']) {
            await page.goto(connections.find(([text]) => text === wanted)[1]);
            await checkAccessibility(page);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
          }
        });
      }
    }
  },
};

await scenarios[name]();
