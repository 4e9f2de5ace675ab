import { describe, expect, it } from 'vitest';
import { dayGroupOf, groupByDay } from './dayGroups';

const now = new Date(2026, 10, 21, 9, 30);

describe('dayGroupOf', () => {
  it.each([
    [new Date(2026, 10, 21, 9, 31), { kind: 'today' }],
    [new Date(2026, 10, 21, 0, 0), { kind: 'today' }],
    [new Date(2026, 10, 20, 23, 59), { kind: 'yesterday' }],
    [new Date(2026, 10, 20, 0, 0), { kind: 'yesterday' }],
    [new Date(2026, 10, 19, 23, 59), { kind: 'week' }],
    [new Date(2026, 10, 14, 0, 0), { kind: 'week' }],
    [new Date(2026, 10, 13, 23, 59), { kind: 'month', year: 2026, month: 10 }],
    [new Date(2025, 0, 1), { kind: 'month', year: 2025, month: 0 }],
  ])('puts %s into its group', (time, group) => {
    expect(dayGroupOf(time, now)).toEqual(group);
  });
});

describe('groupByDay', () => {
  it('keeps the order and joins neighbours of one group', () => {
    const times = [new Date(2026, 10, 21, 8), new Date(2026, 10, 21, 7), new Date(2026, 10, 20, 7)];
    expect(groupByDay(times, (time) => time, now).map((group) => [group.key, group.items.length])).toEqual([
      ['today', 2],
      ['yesterday', 1],
    ]);
  });
});
