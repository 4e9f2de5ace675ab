import { expect, test } from './support/test';

test('going to the end wins over a scroll that is still under way', async ({ chat, page, server }) => {
  const { id } = await server.api<{ id: string }>('POST', '/conversation/create', { title: 'Long' });
  await server.api('POST', '/message/append', {
    messages: Array.from({ length: 100 }, (_, index) => ({ conversationId: id, role: index % 2 ? 'assistant' : 'user', content: `Message ${index}` })),
  });
  await chat.open(`/c/${id}`);
  const distances: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    await chat.scroller.focus();
    await page.keyboard.press('Home');
    await page.locator('.new-below').waitFor();
    await page.locator('.new-below').evaluate((button: HTMLElement) => button.click());
    const distance = await chat.scroller.evaluate(async (scroller) => {
      // Timers, not frames: asking for frames would change how the browser goes on scrolling.
      for (let still = 0, top = -1; still < 10; still = scroller.scrollTop === top ? still + 1 : 0) {
        top = scroller.scrollTop;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    });
    distances.push(distance);
  }
  expect(distances.filter((distance) => distance > 48)).toEqual([]);
});
