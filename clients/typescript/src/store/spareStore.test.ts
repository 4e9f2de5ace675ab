import { describe, expect, it } from 'vitest';
import type { StoreOperation } from '../engine/wire.js';
import type { Environment } from '../environment.js';
import { SpareStore } from './spareStore.js';

const item: StoreOperation = { do: 'putItem', key: 'a', record: 'an item' };
const lane: StoreOperation = { do: 'putLane', key: 'device/lane', record: 'how far it got' };
const pace: StoreOperation = { do: 'putPace', record: 'the pace' };
const answer: StoreOperation = { do: 'putAnswer', key: 'b', record: 'an answer' };

/** A device that can refuse, a tab that can cease to be the sender, and a timer that a test lets ring. */
function setUp() {
  const written: StoreOperation[] = [];
  const told: boolean[] = [];
  const tab = { isFull: true, isSender: true };
  let ring: (() => void) | null = null;
  const environment = {
    later: (_milliseconds: number, run: () => void) => {
      ring = run;
      return () => {
        ring = null;
      };
    },
  } as Environment;
  const store = {
    write: (operations: readonly StoreOperation[]) => {
      if (tab.isFull) return Promise.reject(new Error('full'));
      written.push(...operations);
      return Promise.resolve();
    },
  };
  const spare = new SpareStore({ store, environment, mayHold: () => tab.isSender, onHolding: (isHolding) => told.push(isHolding) });
  const timer = {
    get isSet() {
      return ring !== null;
    },
    async ring() {
      const run = ring;
      ring = null;
      run?.();
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
  return { spare, tab, timer, written, told };
}

describe('a spare store', () => {
  it('gives the device all that it holds as soon as the device takes it', async () => {
    const { spare, tab, timer, written, told } = setUp();
    await spare.write([item, lane, pace]);
    await timer.ring();
    expect([spare.isHolding, written]).toEqual([true, []]);
    tab.isFull = false;
    await timer.ring();
    expect([spare.isHolding, written, told, timer.isSet]).toEqual([false, [item, lane, pace], [true, false], false]);
  });

  it('never writes how far lanes got, nor the pace, when another tab sends now', async () => {
    const { spare, tab, timer, written, told } = setUp();
    await spare.write([item, lane, pace, answer]);
    tab.isSender = false;
    spare.leaveToSender();
    tab.isFull = false;
    await timer.ring();
    expect([written, told]).toEqual([[item, answer], [true, false]]);
  });

  it('does not write them either when this tab sends again before the device takes anything', async () => {
    const { spare, tab, timer, written } = setUp();
    await spare.write([item, lane]);
    tab.isSender = false;
    spare.leaveToSender();
    tab.isSender = true;
    const newer: StoreOperation = { do: 'putLane', key: 'device/lane', record: 'further' };
    await spare.write([newer]);
    tab.isFull = false;
    await timer.ring();
    expect(written).toEqual([item, newer]);
  });

  it('does not write them when the timer rings before the loss was told', async () => {
    const { spare, tab, timer, written } = setUp();
    await spare.write([item, lane]);
    tab.isSender = false;
    tab.isFull = false;
    await timer.ring();
    expect(written).toEqual([item]);
  });

  it('holds nothing more when only those were held', async () => {
    const { spare, timer, told } = setUp();
    await spare.write([lane, pace]);
    spare.leaveToSender();
    expect([spare.isHolding, told, timer.isSet]).toEqual([false, [true, false], false]);
  });
});
