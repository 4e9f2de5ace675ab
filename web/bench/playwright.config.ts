import { defineConfig } from '@playwright/test';
import tests from '../e2e/playwright.config.ts';

/** The browser of the tests, measured instead of checked. A missed target is said and is no failure. */
export default defineConfig({
  ...tests,
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: './.results',
  timeout: 600_000,
  reporter: [['list', { printSteps: false }]],
});
