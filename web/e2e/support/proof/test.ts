import { test as base, expect } from '@playwright/test';
import { clientSurface } from './clientSurface.ts';
import { pageSurface } from './pageSurface.ts';
import type { Surface } from './surface.ts';
import { World } from './world.ts';

export { expect };
export { clientSurface, pageSurface };

/** The path of the call that stores messages. */
export const APPEND = '/message/append';

/** Every proof about the outbox is made for the client alone and for the whole page. */
export const SURFACES: readonly Surface[] = [clientSurface, pageSurface];

/** Runs take as long as an outage of a real length, instead of what CI can bear. */
export const IS_LONG = process.env.MANENT_E2E_LONG === '1';

interface Fixtures {
  surface: Surface;
  /** Of this test alone: a server, a network, a browser with a fresh profile. */
  world: World;
}

export const test = base.extend<Fixtures>({
  surface: [pageSurface, { option: true }],
  world: async ({ surface, launchOptions }, use) => {
    const world = await World.create(surface, launchOptions);
    await use(world);
    await world.dispose();
  },
});
