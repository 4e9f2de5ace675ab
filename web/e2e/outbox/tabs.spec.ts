import * as faults from '../support/faults/fault.ts';
import { APPEND, expect, SURFACES, test } from '../support/proof/test.ts';

for (const surface of SURFACES) {
  test.describe(`whatever dies, ${surface.name}`, () => {
    test.use({ surface });

    test('a tab that is closed in mid-send leaves nothing behind that another does not send', async ({ world }) => {
      let release = () => {};
      const closed = new Promise<void>((resolve) => (release = resolve));
      const tab = await world.openTab();
      const held = world.network.on(APPEND, faults.hold({ request: closed }), { times: 1 });
      await world.write(tab);
      await held.met();
      await world.isKept((await world.write(tab)).id);
      await tab.page.close();
      // Now it arrives, and nobody hears the answer.
      release();
      await world.openTab();
      await world.keptItsPromise();
    });

    test('a tab that is closed after its request was lost: the next one sends', async ({ world }) => {
      const tab = await world.openTab();
      const rule = world.network.on(APPEND, faults.dropRequest());
      await world.write(tab);
      await rule.met();
      await tab.page.close();
      rule.lift();
      await world.openTab();
      await world.keptItsPromise();
    });

    test('a browser that is killed in mid-send goes on where it was', async ({ world }) => {
      const tab = await world.openTab();
      await world.isSettled((await world.write(tab)).id);
      const held = world.network.on(APPEND, faults.hold({ request: new Promise(() => undefined) }));
      await world.isKept((await world.write(tab)).id);
      await held.met();
      await world.profile.kill();
      held.lift();
      await world.startBrowser();
      await world.openTab();
      await world.keptItsPromise();
    });

    test('what is shown as kept on this device survives the death of the browser in that moment', async ({ world }) => {
      const tab = await world.openTab();
      await world.network.goOffline();
      const kept = world.shown.next(({ state }) => state === 'queued' || state === 'waiting');
      const writing = world.write(tab);
      const entry = await kept;
      await world.profile.kill();
      // The page may have died before it could tell the test about the write itself.
      await writing.catch(() => world.written.push({ id: entry.messageId, text: world.lastText, tab, conversationId: world.conversationId }));
      await world.network.goOnline();
      await world.startBrowser();
      await world.openTab();
      await world.keptItsPromise();
    });

    test('what was written offline survives the death of the browser', async ({ world }) => {
      const tab = await world.openTab();
      await world.network.goOffline();
      const first = await world.write(tab);
      await world.write(tab);
      const last = await world.write(tab);
      await world.wasShown(first.id, 'waiting');
      await world.isKept(last.id);
      await world.profile.kill();
      await world.network.goOnline();
      await world.startBrowser();
      await world.openTab();
      await world.keptItsPromise();
    });

    test('a server that is killed in the middle of a request has each message once', async ({ world }) => {
      const tab = await world.openTab();
      let lose = () => {};
      const answer = new Promise((_resolve, reject) => (lose = () => reject(new Error('lost with the server'))));
      const held = world.network.on(APPEND, faults.hold({ answer }));
      const { id } = await world.write(tab);
      await expect.poll(() => world.row(id)).not.toBeNull();
      await world.server.kill();
      lose();
      held.lift();
      await world.write(tab);
      await world.server.start();
      await tab.tryNow();
      await world.keptItsPromise();
    });

    test('five tabs that write at once, each in its order', async ({ world }) => {
      test.setTimeout(90_000);
      const tabs = [];
      for (let index = 0; index < 5; index += 1) tabs.push(await world.openTab());
      for (let round = 0; round < 3; round += 1) await Promise.all(tabs.map((tab) => world.write(tab)));
      await world.keptItsPromise();
      const carried = world.network.requests(APPEND).map((seen) => [seen.at, seen.endedAt] as const);
      // One sender: no two requests at the same time.
      for (const [index, [at]] of carried.entries()) expect(at).toBeGreaterThanOrEqual(carried[index - 1]?.[1] ?? 0);
    });

    test('when the tab that sends is closed, another one takes over', async ({ world }) => {
      const sender = await world.openTab();
      const rule = world.network.on(APPEND, faults.dropRequest());
      const other = await world.openTab();
      await world.write(other);
      await rule.met();
      await world.isKept((await world.write(sender)).id);
      await sender.page.close();
      rule.lift();
      await world.write(other);
      await world.keptItsPromise();
    });
  });
}
