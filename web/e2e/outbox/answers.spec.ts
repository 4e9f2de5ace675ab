import * as faults from '../support/faults/fault.ts';
import type { Fault } from '../support/faults/fault.ts';
import { APPEND, expect, SURFACES, test } from '../support/proof/test.ts';

for (const surface of SURFACES) {
  test.describe(`whatever the server answers, ${surface.name}`, () => {
    test.use({ surface });

    const nonsense: [string, () => Fault][] = [
      ['a page of HTML', faults.htmlPage],
      ['half of its JSON', faults.halfJson],
      ['outcomes for ids that nobody has', faults.unknownIds],
      ['fewer outcomes than items', faults.fewerOutcomes],
      ['nothing but outcomes of others', () => faults.inventedOutcomes('01900000-0000-7000-8000-000000000001')],
      ['a bare 502', () => faults.bareStatus(502)],
    ];
    for (const [what, fault] of nonsense) {
      test(`${what}: nothing is taken for saved, lost or doubled`, async ({ world }) => {
        const tab = await world.openTab();
        const rule = world.network.on(APPEND, fault(), { times: 2 });
        await world.write(tab);
        await rule.met(2);
        await world.write(tab);
        await world.keptItsPromise();
      });
    }

    test('a server that asks for patience gets at least that', async ({ world }) => {
      const tab = await world.openTab();
      const asked = world.network.on(APPEND, faults.problem(429, 'rate_limited', { retryAfterMs: 3_000 }), { times: 1 });
      const { id } = await world.write(tab);
      await asked.met();
      await world.wasShown(id, 'waiting');
      await world.write(tab);
      await world.keptItsPromise();
      const [refused, next] = world.network.requests(APPEND);
      expect(next!.at - refused!.endedAt!).toBeGreaterThanOrEqual(3_000);
    });

    test('an expired session pauses everything and costs nothing', async ({ world }) => {
      const tab = await world.openTab();
      await world.write(tab);
      await world.keptItsPromise();
      await world.server.needSignIn(true);
      const { id } = await world.write(tab);
      await world.wasShown(id, 'waiting');
      await world.write(tab);
      await world.write(tab);
      await tab.tryNow();
      const refused = () => world.network.requests(APPEND).filter(({ status }) => status === 401);
      const found = refused().length;
      await world.server.needSignIn(false);
      expect(await world.row(id)).toBeNull();
      await tab.signIn();
      await world.keptItsPromise();
      // One request found it out, and nobody asked again before the sign-in, whoever pressed what.
      expect([found, refused().length]).toEqual([1, 1]);
    });
  });
}
