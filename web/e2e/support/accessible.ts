import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

/** The script that has to be in the page for {@link expectAccessible}. */
export const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** No finding that axe calls serious or critical. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    return axe.run({ resultTypes: ['violations'] });
  });
  const grave = violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join('\n  ')}`);
  expect(grave, where).toEqual([]);
}
