import { describe, expect, it } from 'vitest';
import { activePath, choicesLeadingTo, pathTo, ROOT } from './messageTree';
import type { Message } from './messages';

function message(id: string, parentId: string | null, seq: number | null, role: Message['role'] = 'user'): Message {
  return {
    id,
    conversationId: 'c',
    parentId,
    seq,
    role,
    content: [{ type: 'text', text: id }],
    status: 'complete',
    createdAt: `2026-01-01T00:00:00.${String(seq ?? 900).padStart(3, '0')}Z`,
    storedAt: seq === null ? null : '2026-01-01T00:00:00.000Z',
  };
}

const ids = (path: { message: Message }[]) => path.map((item) => item.message.id);

// u1 ─ a1 ─ u2 ─ a2        (the first course)
//    └ a1' ─ u3            (a regenerated answer, gone on with)
const TREE = [message('u1', null, 1), message('a1', 'u1', 2), message('u2', 'a1', 3), message('a2', 'u2', 4), message("a1'", 'u1', 5), message('u3', "a1'", 6)];

describe('activePath', () => {
  it('shows the branch that leads to the newest message', () => {
    expect(ids(activePath(TREE, {}))).toEqual(['u1', "a1'", 'u3']);
  });

  it('follows a choice and the newest branch below it', () => {
    expect(ids(activePath(TREE, { u1: 'a1' }))).toEqual(['u1', 'a1', 'u2', 'a2']);
  });

  it('tells the siblings in the order of their seq', () => {
    expect(activePath(TREE, {})[1]).toMatchObject({ siblings: ['a1', "a1'"], index: 1 });
  });

  it('lets messages without a parent be siblings of one another', () => {
    const path = activePath([...TREE, message("u1'", null, 7)], {});
    expect(path.map((item) => [item.message.id, item.siblings.length])).toEqual([["u1'", 2]]);
    expect(ids(activePath([...TREE, message("u1'", null, 7)], { [ROOT]: 'u1' }))).toEqual(['u1', "a1'", 'u3']);
  });

  it('begins at the oldest loaded message when its parent is on an older page', () => {
    expect(ids(activePath(TREE.slice(2), {}))).toEqual(["a1'", 'u3']);
    expect(ids(activePath(TREE.slice(2, 4), {}))).toEqual(['u2', 'a2']);
  });

  it('puts unstored messages after stored ones', () => {
    expect(ids(activePath([message('local', 'u1', null), ...TREE], {}))).toEqual(['u1', 'local']);
  });

  it('puts what is unsaved and whose parent is missing behind what is saved, one behind the other', () => {
    const stray = message('stray', 'gone', null);
    const below = { ...message('below', 'stray', null), createdAt: '2026-01-01T00:00:00.901Z' };
    const other = { ...message('other', 'gone too', null), createdAt: '2026-01-01T00:00:00.902Z' };
    const path = activePath([stray, below, other, ...TREE], {});
    expect(path.map((item) => [item.message.id, item.siblings])).toEqual([
      ['u1', ['u1']],
      ["a1'", ['a1', "a1'"]],
      ['u3', ['u3']],
      ['stray', ['stray']],
      ['below', ['below']],
      ['other', ['other']],
    ]);
    // Where the branch is chosen, they are behind the newest of all and not in it.
    expect(ids(activePath([stray, ...TREE], { u1: 'a1' }))).toEqual(['u1', 'a1', 'u2', 'a2']);
    // Where nothing is saved they begin the path.
    expect(ids(activePath([stray, below], {}))).toEqual(['stray', 'below']);
  });

  it('ignores a choice that is not loaded', () => {
    expect(ids(activePath(TREE, { u1: 'gone' }))).toEqual(['u1', "a1'", 'u3']);
  });

  it('is empty without messages', () => {
    expect(activePath([], {})).toEqual([]);
  });

  it('walks a chain of 5,000 messages', () => {
    const chain = Array.from({ length: 5000 }, (_, index) => message(`m${index}`, index === 0 ? null : `m${index - 1}`, index + 1));
    expect(activePath(chain.toReversed(), {})).toHaveLength(5000);
  });
});

describe('pathTo and choicesLeadingTo', () => {
  const map = new Map(TREE.map((item) => [item.id, item]));

  it('gives the ancestors of a message and itself', () => {
    expect(pathTo(map, 'a2').map((item) => item.id)).toEqual(['u1', 'a1', 'u2', 'a2']);
    expect(pathTo(map, null)).toEqual([]);
  });

  it('makes a message of another branch part of the shown path', () => {
    expect(ids(activePath(TREE, choicesLeadingTo(map, 'u2')))).toContain('u2');
  });

  it('ends where parents form a ring', () => {
    const ring = new Map([message('x', 'y', 1), message('y', 'x', 2)].map((item) => [item.id, item]));
    expect(pathTo(ring, 'x').map((item) => item.id)).toEqual(['y', 'x']);
  });
});
