import { defineConfig } from '@playwright/test';

/** The flags that keep Debian's Chromium quiet and able to run as any user. */
const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: '.',
  outputDir: './.results',
  workers: 1,
  retries: 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    locale: 'en-US',
    viewport: { width: 1280, height: 800 },
    // Requests that a service worker sees are not seen by a test's routes. The proofs have browsers of their own, with it.
    serviceWorkers: 'block',
    actionTimeout: 10_000,
    launchOptions: { executablePath: process.env.MANENT_CHROMIUM || '/usr/bin/chromium', args: CHROMIUM_FLAGS },
  },
});
