import { expect, it } from 'vitest';
import type { WireItem } from '../engine/wire.js';
import { boardItemOf, payloadOf } from './payload.js';

it('gives back what was queued, and what makes its conversation', () => {
  const message = { id: 'm', parentId: null, role: 'user' as const, content: 'Hello' };
  const create = { title: 'Plan', config: { model: 'x' } };
  const { text, parent } = payloadOf(message, create);
  expect([JSON.parse(text), parent]).toEqual([{ parentId: null, role: 'user', content: 'Hello', create }, undefined]);
  const item = { id: 'm', conversationId: 'c', payload: JSON.parse(text), queuedAt: 1, mayBeSent: true, state: { state: 'queued' } } as unknown as WireItem;
  expect(boardItemOf(item)).toEqual({ id: 'm', conversationId: 'c', message, create, queuedAt: 1, mayBeSent: true, state: { state: 'queued' } });
});

it.each([() => 1, { text: Symbol('x') }, [[() => 1]]])('refuses code in a message', (content) => {
  expect(() => payloadOf({ id: 'm', role: 'user', content })).toThrow('its content is no JSON');
});
