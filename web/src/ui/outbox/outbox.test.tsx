// @vitest-environment happy-dom
import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../core/messages';
import { installOutboxActions, type OutboxActions, type OutboxItem, type SaveInfo } from '../../state/outbox';
import { Saves } from '../../state/saves';
import { initialState, useStore } from '../../state/store';
import { changeUi, useUi } from '../../state/ui';

vi.mock('../../services/services', () => ({ connectivityService: { tryNow: vi.fn() }, conversationService: {}, messageService: {} }));

const { connectivityService } = await import('../../services/services');
const { Banners } = await import('../banners/Banners');
const { StorageBanner } = await import('../banners/StorageBanner');
const { seldomShown } = await import('../dialogs/lazyDialogs');
const { AnswerWaits } = await import('../thread/AnswerWaits');
const { SaveMark } = await import('../thread/SaveMark');
const { SaveTrouble } = await import('../thread/SaveTrouble');
const { EnginePanel } = await import('./EnginePanel');
const { ItemDialog } = await import('./ItemDialog');
const { OutboxAnnouncer } = await import('./OutboxAnnouncer');
const { TrayDialog } = await import('./TrayDialog');
const { TrayIcon, TrayRow } = await import('./TrayButton');

const save = (change: Partial<SaveInfo>): SaveInfo => ({ conversationId: 'c', state: 'waiting', reason: null, until: null, since: Date.now(), mayBeSent: false, ...change });
const message: Message = { id: 'm', conversationId: 'c', parentId: null, seq: null, role: 'user', content: [{ type: 'text', text: 'words' }], status: 'complete', createdAt: '', storedAt: null };
const item = (change: Partial<OutboxItem>): OutboxItem => ({
  messageId: 'm',
  conversationId: 'c',
  state: 'failed',
  reason: { code: 'message_too_large', detail: '' },
  until: null,
  seq: null,
  message: { id: 'm', role: 'user', content: [{ type: 'text', text: 'words' }] },
  queuedAt: 0,
  mayBeSent: true,
  ...change,
});
const queue = { storing: 0, queued: 0, sending: 0, waiting: 0, failed: 0, oldestQueuedAt: null, breaker: 'closed', nextTryAt: null, isPausedForSignIn: false, storage: 'durable', isStorageRefusing: false, isSender: true } as const;

let target: HTMLElement;
let root: Root;
let actions: { [Name in keyof OutboxActions]-?: ReturnType<typeof vi.fn> };

const draw = (element: React.ReactNode) => act(async () => root.render(element));
const set = (change: Partial<ReturnType<typeof useStore.getState>>) => act(async () => useStore.setState(change));
const button = (name: string) => [...target.querySelectorAll('button')].find((candidate) => (candidate.getAttribute('aria-label') ?? candidate.textContent) === name);
const press = (name: string) => act(async () => button(name)?.click());
const text = () => (target.textContent ?? '').replace(/\s+/g, ' ').trim();

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  useStore.setState(initialState, true);
  changeUi({ dialog: null, item: null, editing: null, updateReady: false });
  const done = () => vi.fn(async () => undefined);
  actions = {
    retry: done(),
    moveToNewBranch: done(),
    discard: done(),
    undo: done(),
    withdraw: done(),
    replaceQueued: done(),
    giveUpAnswer: vi.fn(),
    tryNow: vi.fn(),
    signedInAgain: vi.fn(),
    items: vi.fn(() => []),
    history: vi.fn(() => []),
    metrics: vi.fn(() => null),
  };
  installOutboxActions(actions as unknown as OutboxActions);
  target = document.createElement('div');
  document.body.append(target);
  root = createRoot(target);
});

afterEach(async () => {
  await act(async () => root.unmount());
  target.remove();
  vi.unstubAllGlobals();
});

describe('a message', () => {
  it('has no mark when it is saved', async () => {
    await draw(<SaveMark messageId="m" />);
    expect(target.innerHTML).toBe('');
  });

  it('says what it waits for, counts down, and opens its history', async () => {
    await set({ connectivity: { reachable: false, nextTryAt: Date.now() + 8_000 }, saves: Saves.of([['m', save({ reason: { code: 'server_away', detail: '' }, until: Date.now() + 8_000 })]]) });
    await draw(<SaveMark messageId="m" />);
    expect(text()).toMatch(/^Kept on this device · server away · 8 s\. Not saved yet: the server cannot be reached\./);
    await act(async () => target.querySelector('button')!.click());
    expect(useUi.getState()).toMatchObject({ dialog: 'item', item: 'm' });
  });

  it('that was refused says why and offers the ways out', async () => {
    await set({ saves: Saves.of([['m', save({ state: 'failed', reason: { code: 'parent_unknown', detail: '' } })]]) });
    await draw(<SaveTrouble message={message} />);
    expect(text()).toBe('Not saved: the server does not know the message that it follows.Edit and sendTo a new branchSend againCopyThrow away');
    await press('Edit and send');
    expect(useUi.getState().editing).toBe('m');
    await press('To a new branch');
    expect(actions.moveToNewBranch).toHaveBeenCalledExactlyOnceWith('m');
    await press('Send again');
    expect(actions.retry).toHaveBeenCalledExactlyOnceWith('m', undefined);
    await press('Throw away');
    expect(actions.discard).toHaveBeenCalledExactlyOnceWith('m');
    expect(useStore.getState().toasts.map(({ text: said }) => said)).toEqual(['The message was thrown away.']);
    useStore.getState().toasts[0]!.action!.run();
    expect(actions.undo).toHaveBeenCalledExactlyOnceWith('m');
  });

  it('says so when something cannot be done', async () => {
    actions.retry.mockRejectedValue(new Error('The device is full.'));
    await set({ saves: Saves.of([['m', save({ state: 'failed' })]]) });
    await draw(<SaveTrouble message={message} />);
    await press('Send again');
    expect(useStore.getState().toasts.map((toast) => [toast.tone, toast.text])).toEqual([['error', 'That could not be done: The device is full.']]);
  });

  it('offers no editing of an answer', async () => {
    await set({ saves: Saves.of([['m', save({ state: 'failed' })]]) });
    await draw(<SaveTrouble message={{ ...message, role: 'assistant' }} />);
    expect(button('Edit and send')).toBeUndefined();
  });

  it('that was never sent can be taken back at its mark, and comes back by undo', async () => {
    await set({ saves: Saves.of([['m', save({ reason: { code: 'server_away', detail: '' } })]]) });
    await draw(<SaveMark messageId="m" isOwn />);
    await press('Take back');
    expect(actions.withdraw).toHaveBeenCalledExactlyOnceWith('m');
    useStore.getState().toasts[0]!.action!.run();
    expect(actions.retry).toHaveBeenCalledExactlyOnceWith('m', undefined);
    await set({ saves: Saves.of([['m', save({ mayBeSent: true })]]) });
    expect(button('Take back')).toBeUndefined();
  });

  it('is not said any more to be thrown away when it was brought back elsewhere', async () => {
    const { bringBack, discardItem, sendAgain } = await import('./commands');
    await act(() => discardItem('m'));
    expect(useStore.getState().toasts.map(({ about }) => about)).toEqual(['m']);
    await act(async () => bringBack('m'));
    expect(useStore.getState().toasts).toEqual([]);
    await act(() => discardItem('m'));
    await act(async () => sendAgain('m'));
    expect(useStore.getState().toasts).toEqual([]);
  });

  it('that goes takes the focus to the message box', async () => {
    await draw(<><textarea id="composer-input" /><SaveMark messageId="m" isOwn /></>);
    await set({ saves: Saves.of([['m', save({ since: 0 })]]) });
    button('Take back')!.focus();
    actions.withdraw.mockImplementation(async () => useStore.setState({ saves: Saves.none }));
    await press('Take back');
    await vi.waitFor(() => expect(document.activeElement?.id).toBe('composer-input'));
  });

  it('can be taken back in its history while no request can have carried it, and not afterwards', async () => {
    changeUi({ item: 'm' });
    await set({ saves: Saves.of([['m', save({ state: 'queued' })]]) });
    await draw(<ItemDialog />);
    await press('Do not send');
    expect(actions.withdraw).toHaveBeenCalledExactlyOnceWith('m');
    await set({ saves: Saves.of([['m', save({ mayBeSent: true })]]) });
    expect(button('Do not send')).toBeUndefined();
    await set({ saves: Saves.none });
    expect(text()).toContain('Saved: the server has it.');
  });
});

it('an answer that waits says so, and can be given up', async () => {
  await draw(<AnswerWaits hasBegun={false} answerId="a" waiting={{ reason: { code: 'server_away', detail: '' }, until: null }} />);
  expect(text()).toBe('The answer is asked for when the server is back. Do not ask');
  await press('Do not ask');
  expect(actions.giveUpAnswer).toHaveBeenCalledExactlyOnceWith('a');
});

describe('the banners', () => {
  it('say nothing while all is well', async () => {
    await set({ queue });
    await draw(<Banners />);
    expect(text()).toBe('');
  });

  it('tell what works while the server is away, how much waits and when it is tried again', async () => {
    await set({ connectivity: { reachable: false, nextTryAt: Date.now() + 5_000 }, queue: { ...queue, waiting: 2, queued: 1 } });
    await draw(<Banners />);
    expect(text()).toBe('The server cannot be reached. You can go on reading and writing; what you send is kept on this device. 3 messages wait. Next try in 5 seconds. Try now');
    await press('Try now');
    expect([vi.mocked(connectivityService.tryNow).mock.calls.length, actions.tryNow.mock.calls.length]).toEqual([1, 1]);
  });

  it('promise the device nothing that only the tab keeps', async () => {
    await set({ connectivity: { reachable: false, nextTryAt: null }, queue: { ...queue, storage: 'memory' } });
    await draw(<Banners />);
    expect(text()).toContain('what you send is kept in this tab.');
  });

  it('ask for signing in before anything else', async () => {
    await set({ signInNeeded: true, connectivity: { reachable: false, nextTryAt: null }, queue });
    await draw(<Banners />);
    await act(async () => void (await seldomShown()));
    expect(text()).toBe('You are signed out. Your text is safe on this device; sign in to go on. Sign in');
    await press('Sign in');
    expect(actions.signedInAgain).toHaveBeenCalledOnce();
  });

  it('keep a warning for as long as it holds, and let what is past be put away', async () => {
    const refused = { code: 'refused', detail: '' } as const;
    await set({ queue: { ...queue, isStorageRefusing: true }, warnings: [{ code: 'set_aside', detail: '', name: 'kept', records: 2 }, refused] });
    await draw(<Banners />);
    expect([text().startsWith('This device’s storage is full'), button('Dismiss')]).toEqual([true, undefined]);
    await set({ queue });
    expect(text()).toContain('2 records on this device could not be read. They were put aside as “kept”');
    await press('Dismiss');
    expect(text()).toBe('');
  });

  it('let nobody put away that closing the tab would lose something', async () => {
    await set({ queue: { ...queue, storage: 'memory', queued: 1 }, warnings: [{ code: 'memory_only', detail: '' }] });
    await draw(<Banners />);
    expect([text().includes('is lost when the tab is closed'), button('Dismiss')]).toEqual([true, undefined]);
    await set({ queue: { ...queue, storage: 'memory' } });
    await press('Dismiss');
    expect(text()).toBe('');
  });
});

describe('the tray', () => {
  it('is reached from the list while something lies in it', async () => {
    await draw(<TrayRow />);
    expect(target.innerHTML).toBe('');
    await set({ tray: [item({}), item({ messageId: 'n' }), item({ messageId: 'o', state: 'discarded' })] });
    expect(text()).toBe('2 messages were not saved2');
    await act(async () => target.querySelector('button')!.click());
    expect(useUi.getState().dialog).toBe('tray');
  });

  it('says quietly what the person took back, in the list and in the header', async () => {
    const withdrawn = { reason: { code: 'withdrawn', detail: '' } };
    await draw(<><TrayRow /><TrayIcon /></>);
    await set({ tray: [item(withdrawn)] });
    expect(text()).toBe('1 message was taken back11');
    expect([...target.querySelectorAll('button')].map(({ className }) => className.includes('quiet'))).toEqual([true, true]);
    await set({ tray: [item(withdrawn), item({ messageId: 'n' })] });
    expect(text()).toBe('2 messages were not saved22');
    expect(target.querySelector('.quiet')).toBeNull();
  });

  it('shows words, reason and ways out of each, and brings back what was thrown away', async () => {
    await set({ tray: [item({ messageId: 'gone', state: 'discarded', reason: null }), item({})] });
    await draw(<TrayDialog />);
    const items = [...target.querySelectorAll('.tray-item')].map((element) => element.textContent);
    expect(items).toEqual([
      'Your messageNew chatwordsNot saved: the message is too long.Edit and sendSend againCopyThrow away',
      'Your messageNew chatwordsYou threw this away.Undo',
    ]);
    await press('Undo');
    expect(actions.undo).toHaveBeenCalledExactlyOnceWith('gone');
  });

  it('lets the words be written anew in place, and keeps what is no text', async () => {
    const image = { type: 'image', mediaType: 'image/png', data: 'AA==' };
    await set({ tray: [item({ message: { id: 'm', role: 'user', content: [image, { type: 'text', text: 'words' }] } })] });
    await draw(<TrayDialog />);
    await press('Edit and send');
    await act(async () => target.querySelector('form')!.requestSubmit());
    expect(actions.retry).toHaveBeenCalledExactlyOnceWith('m', [image, { type: 'text', text: 'words' }]);
  });
});

it('the panel shows every item with its history', async () => {
  actions.items.mockReturnValue([item({ state: 'waiting', reason: { code: 'server_away', detail: '' } })]);
  actions.metrics.mockReturnValue({ queuedMessages: 1, failedMessages: 0, successfulSyncs: 12, failedSyncs: 3, retryAttempts: 2, oldestAgeMs: 240_000, breaker: 'open', isPausedForSignIn: false });
  actions.history.mockReturnValue([{ at: 0, step: 'sent', attempt: 1 }]);
  await set({ connectivity: { reachable: false, nextTryAt: null }, queue: { ...queue, waiting: 1, breaker: 'open', oldestQueuedAt: 0 } });
  await draw(<EnginePanel />);
  const metrics = Object.fromEntries([...target.querySelectorAll('.metrics > div')].map((row) => [row.children[0]!.textContent, row.children[1]!.textContent]));
  expect(metrics).toEqual({
    'To be sent': '1',
    'Need your decision': '0',
    'Saved since this tab opened': '12',
    'Failed tries': '3',
    'Repeated tries': '2',
    'Oldest that waits': '4 minutes',
    Connection: 'Paused after failures',
    'Next try': 'none',
    'This tab': 'Sends for all tabs',
    'Kept in': 'The browser’s durable storage',
  });
  expect(target.querySelector('.engine-items summary')!.textContent).toBe('wordswaits');
  await act(async () => {
    const details = target.querySelector('details')!;
    details.open = true;
    details.dispatchEvent(new Event('toggle'));
  });
  expect(target.querySelector('.history')!.textContent).toContain('Sent, try 1');
});

it('records that were put aside can be copied where this tab has their text', async () => {
  const write = vi.fn(async () => undefined);
  vi.stubGlobal('navigator', { clipboard: { writeText: write }, languages: ['en'] });
  const aside = { code: 'set_aside', detail: '', name: 'manent/set_aside', records: 1 } as const;
  await set({ warnings: [{ ...aside, text: '{"version":99}' }] });
  await draw(<StorageBanner />);
  await press('Copy their text');
  expect(write).toHaveBeenCalledExactlyOnceWith('{"version":99}');
  await set({ warnings: [aside] });
  expect(button('Copy their text')).toBeUndefined();
});

it('those who listen hear of a refusal, and that everything is saved after a wait', async () => {
  await draw(<OutboxAnnouncer />);
  const said = new Map<number, string>();
  const stop = useStore.subscribe(({ announcement }) => said.set(announcement.count, announcement.text));
  await set({ queue: { ...queue, queued: 1 } });
  await set({ queue });
  await set({ queue: { ...queue, waiting: 2 } });
  await set({ tray: [item({})], queue: { ...queue, waiting: 1, failed: 1 } });
  await set({ tray: [item({}), item({ messageId: 'n', reason: { code: 'withdrawn', detail: '' } })] });
  await set({ tray: [], queue });
  stop();
  expect([...said.values()].filter((words) => words !== '')).toEqual(['Not saved: the message is too long.', 'Everything is saved.']);
});
