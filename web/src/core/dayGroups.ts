/** A group of the conversation list. `month` groups carry the month that they show. */
export type DayGroup = { kind: 'today' } | { kind: 'yesterday' } | { kind: 'week' } | { kind: 'month'; year: number; month: number };

const DAY_MS = 86_400_000;

/** Which group a time belongs to, seen from `now` in the local time zone. The clock's times may be a little ahead of ours. */
export function dayGroupOf(time: Date, now: Date): DayGroup {
  const startOfToday = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const days = Math.ceil((startOfToday - time.getTime()) / DAY_MS);
  if (days <= 0) return { kind: 'today' };
  if (days === 1) return { kind: 'yesterday' };
  if (days <= 7) return { kind: 'week' };
  return { kind: 'month', year: time.getFullYear(), month: time.getMonth() };
}

export function dayGroupKey(group: DayGroup): string {
  return group.kind === 'month' ? `${group.year}-${group.month}` : group.kind;
}

/** Cuts a list that is already in order into its groups, keeping the order. */
export function groupByDay<T>(items: readonly T[], timeOf: (item: T) => Date, now: Date): { key: string; group: DayGroup; items: T[] }[] {
  const groups: { key: string; group: DayGroup; items: T[] }[] = [];
  for (const item of items) {
    const group = dayGroupOf(timeOf(item), now);
    const key = dayGroupKey(group);
    const last = groups.at(-1);
    if (last?.key === key) last.items.push(item);
    else groups.push({ key, group, items: [item] });
  }
  return groups;
}
