import { ANN, test as signedIn } from './accounts/people.ts';
import { expect, test } from './support/test.ts';

/** What the page's policy refused, as the browser reports it. The fixtures fail a test besides, for what comes to the console. */
const REPORT = () => document.addEventListener('securitypolicyviolation', (event) => Object.assign(window, { __refused: [...((window as { __refused?: string[] }).__refused ?? []), `${event.violatedDirective} ${event.blockedURI}`] }));

test('the page comes with a strict policy, and without inline scripts', async ({ page, server }) => {
  const response = await page.goto(server.url);
  const headers = response!.headers();
  const policy = Object.fromEntries(headers['content-security-policy']!.split(';').map((part) => [part.trim().split(' ')[0]!, part.trim().split(' ').slice(1).join(' ')]));
  expect(policy).toEqual({
    'default-src': "'none'",
    'script-src': "'self' 'wasm-unsafe-eval'",
    'style-src': "'self'",
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'manifest-src': "'self'",
    'worker-src': "'self'",
    'object-src': "'none'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
    'form-action': "'self'",
  });
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': expect.stringMatching(/camera=\(\).*geolocation=\(\).*microphone=\(\)/),
  });
  const html = await (await page.request.get(server.url, { headers: { accept: 'text/html' } })).text();
  expect([...html.matchAll(/<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=/gi)].map(String)).toEqual([]);
});

test('nothing that the page does is refused by its policy, and what it forbids is', async ({ chat, page }) => {
  await page.addInitScript(REPORT);
  await chat.open();
  await chat.ask('markdown');
  await expect(page.locator('.katex').first()).toBeVisible();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('tab', { name: 'Engine' }).click();
  await page.getByRole('radio', { name: 'Dark' }).or(page.getByText('Connection')).first().waitFor();
  await page.keyboard.press('Escape');
  const refused = () => page.evaluate(() => (window as { __refused?: string[] }).__refused ?? []);
  expect(await refused()).toEqual([]);
});

test('a script in the page itself does not run', async ({ page, server }) => {
  await page.addInitScript(REPORT);
  await page.goto(server.url);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.__injected = true';
    document.head.append(script);
  });
  expect(await page.evaluate(() => '__injected' in window)).toBe(false);
  await expect.poll(() => page.evaluate(() => (window as { __refused?: string[] }).__refused ?? [])).toContainEqual(expect.stringMatching(/^script-src/));
});

signedIn('nothing about accounts is refused by the policy', async ({ page, visitor }) => {
  await page.addInitScript(REPORT);
  await visitor.arrive(ANN);
  await visitor.ask('hello');
  await visitor.openSettings('Account');
  await page.getByText('Two-factor sign-in', { exact: true }).click();
  await page.getByRole('button', { name: 'Set it up' }).click();
  await expect(page.getByRole('img', { name: /The key as a picture/ })).toBeVisible();
  expect(await page.evaluate(() => (window as { __refused?: string[] }).__refused ?? [])).toEqual([]);
});
