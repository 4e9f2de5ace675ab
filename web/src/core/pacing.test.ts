import { describe, expect, it } from 'vitest';
import { nextVisibleLength } from './pacing';

const FRAME_MS = 16;

describe('nextVisibleLength', () => {
  it('spreads a burst over many frames and shows all of it', () => {
    const burst = 'x'.repeat(400);
    const steps: number[] = [];
    let visible = 0;
    while (visible < burst.length) {
      const next = nextVisibleLength(burst, visible, FRAME_MS);
      expect(next).toBeGreaterThan(visible);
      steps.push(next - visible);
      visible = next;
    }
    expect(steps.length).toBeGreaterThan(20);
    expect(Math.max(...steps)).toBeLessThan(40);
  });

  it('keeps the lag of a steady stream of 100 tokens a second below half a second', () => {
    let arrived = '';
    let visible = 0;
    for (let frame = 0; frame < 600; frame += 1) {
      if (frame % 10 === 0) arrived += 'x'.repeat(64);
      visible = nextVisibleLength(arrived, visible, FRAME_MS);
    }
    expect(arrived.length - visible).toBeLessThan(200);
  });

  it('never shows half of a surrogate pair', () => {
    const text = '👋'.repeat(30);
    let visible = 0;
    while (visible < text.length) {
      visible = nextVisibleLength(text, visible, FRAME_MS);
      expect(text.slice(0, visible).isWellFormed()).toBe(true);
    }
  });

  it('shows what a shortened text still has', () => {
    expect(nextVisibleLength('ab', 5, FRAME_MS)).toBe(2);
  });
});
