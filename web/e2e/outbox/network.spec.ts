import * as faults from '../support/faults/fault.ts';
import { APPEND, expect, IS_LONG, SURFACES, test } from '../support/proof/test.ts';

for (const surface of SURFACES) {
  test.describe(`through a bad network, ${surface.name}`, () => {
    test.use({ surface });

    test('dropped requests are sent again until one arrives', async ({ world }) => {
      const tab = await world.openTab();
      const rule = world.network.on(APPEND, faults.dropRequest());
      const { id } = await world.write(tab);
      await world.wasShown(id, 'waiting');
      expect(await world.row(id)).toBeNull();
      await rule.met(2);
      rule.lift();
      await world.keptItsPromise();
    });

    test('a message whose answers were dropped is stored once', async ({ world }) => {
      const tab = await world.openTab();
      const rule = world.network.on(APPEND, faults.dropAnswer());
      await world.write(tab);
      await rule.met(2);
      rule.lift();
      await world.write(tab);
      await world.keptItsPromise();
    });

    test('a request that arrives twice, and an answer that comes twice, store once', async ({ world }) => {
      const tab = await world.openTab();
      const twice = world.network.on(APPEND, faults.forwardTwice());
      await world.write(tab);
      await twice.met();
      twice.lift();
      const answered = world.network.on(APPEND, faults.answerTwice());
      await world.write(tab);
      await answered.met();
      answered.lift();
      await world.write(tab);
      await world.keptItsPromise();
    });

    test('what a slow network has not confirmed is not shown as saved', async ({ world }) => {
      const tab = await world.openTab();
      const slow = world.network.on(APPEND, faults.hold({ request: 2_000, answer: 2_000 }), { times: 1 });
      const { id } = await world.write(tab);
      await world.wasShown(id, 'sending');
      expect(await world.row(id)).toBeNull();
      await slow.met();
      await world.write(tab);
      await world.keptItsPromise();
    });

    test('a server that fails for a while is asked ever less often, and then gets everything', async ({ world }) => {
      test.setTimeout(IS_LONG ? 200_000 : 60_000);
      const tab = await world.openTab();
      const rule = world.network.on(APPEND, faults.bareStatus(500), IS_LONG ? { forMs: 60_000 } : {});
      const first = await world.write(tab);
      await rule.met(3);
      await world.write(tab);
      await world.write(tab);
      await world.wasShown(first.id, 'waiting');
      if (IS_LONG) await expect.poll(() => rule.isOver, { timeout: 70_000 }).toBe(true);
      else rule.lift();
      // Three tries open the breaker; after that one probe at a time, each after a longer pause.
      expect(rule.hits).toBeLessThanOrEqual(IS_LONG ? 12 : 5);
      if (IS_LONG) {
        // Nobody asks for it sooner: the longest pause between two probes is a minute.
        await world.keptItsPromise({ within: 75_000 });
      } else {
        await tab.tryNow();
        await world.keptItsPromise();
      }
    });

    test('offline before the send: everything is kept and then sent in order', async ({ world }) => {
      const tab = await world.openTab();
      await world.network.goOffline();
      const first = await world.write(tab);
      await world.write(tab);
      await world.write(tab);
      await world.wasShown(first.id, 'waiting');
      await world.network.goOnline();
      await tab.tryNow();
      await world.keptItsPromise();
    });

    test('offline during the send: the request is lost on its way', async ({ world }) => {
      const tab = await world.openTab();
      const held = world.network.on(APPEND, faults.hold({ request: new Promise(() => undefined) }));
      const { id } = await world.write(tab);
      await held.met();
      await world.network.goOffline();
      held.lift();
      await world.wasShown(id, 'waiting');
      expect(await world.row(id)).toBeNull();
      await world.write(tab);
      await world.network.goOnline();
      await tab.tryNow();
      await world.keptItsPromise();
    });

    test('offline after the send: the server has it, only the answer is lost', async ({ world }) => {
      const tab = await world.openTab();
      const held = world.network.on(APPEND, faults.hold({ answer: new Promise(() => undefined) }));
      const { id } = await world.write(tab);
      await expect.poll(() => world.row(id)).not.toBeNull();
      await world.network.goOffline();
      held.lift();
      await world.write(tab);
      await world.network.goOnline();
      await tab.tryNow();
      await world.keptItsPromise();
    });
  });
}
