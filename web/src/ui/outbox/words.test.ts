import { describe, expect, it } from 'vitest';
import type { SaveInfo } from '../../state/outbox';
import { en } from '../../strings/en';
import { failureText, type Place, saveLabel, saveSentence } from './words';

const HERE: Place = { isInTab: false, isOnline: true, isReachable: true };
const AWAY: Place = { ...HERE, isReachable: false };
const stand = (state: SaveInfo['state'], code?: string, detail = '') => ({ state, reason: code === undefined ? null : { code, detail } });
const words = (given: ReturnType<typeof stand>, place = HERE) => {
  const { where, why } = saveLabel(given, place, en);
  return [why === undefined ? where : `${where} · ${why}`, saveSentence(given, place, en)];
};

describe('the words of a state', () => {
  it('say that a message is kept on the device, and what it waits for', () => {
    expect(words(stand('queued'))).toEqual(['Kept on this device', 'Not saved yet: it is sent in its turn. It is kept on this device.']);
    expect(words(stand('waiting', 'server_away'), AWAY)).toEqual([
      'Kept on this device · server away',
      'Not saved yet: the server cannot be reached. It is sent when the server is back. It is kept on this device.',
    ]);
    expect(words(stand('waiting', 'behind_another'))[0]).toBe('Kept on this device · behind another message');
    expect(words(stand('waiting', 'sign_in'))[0]).toBe('Kept on this device · signed out');
  });

  it('say of the server what the banner above the message box says of it', () => {
    const saidOf = (code: string, place: Place) => words(stand('waiting', code), place)[1]!.toLowerCase();
    const banner = (text: string) => text.split('.')[0]!.toLowerCase();
    expect(saidOf('server_away', AWAY)).toContain(banner(en.banner.away));
    expect(saidOf('retry', AWAY)).toContain(banner(en.banner.away));
    expect(saidOf('server_away', HERE)).toContain(banner(en.banner.troubled));
    expect(words(stand('waiting', 'server_away'))[0]).toBe('Kept on this device · server cannot save');
    expect(saidOf('server_away', { ...AWAY, isOnline: false })).toContain(banner(en.banner.offline));
  });

  it('say that the device is offline where the browser knows it', () => {
    const offline = { ...HERE, isOnline: false };
    expect(words(stand('waiting', 'server_away'), offline)[0]).toBe('Kept on this device · offline');
    expect(words(stand('waiting', 'sign_in'), offline)[0]).toBe('Kept on this device · signed out');
  });

  it('do not claim that the device keeps what only the tab has', () => {
    const inTab = { ...HERE, isInTab: true };
    expect(words(stand('queued'), inTab)).toEqual(['Kept in this tab', 'Not saved yet: it is sent in its turn. It is kept in this tab alone: closing the tab loses it.']);
    for (const text of words(stand('waiting', 'storage_refused'))) expect(text).not.toContain('Kept on this device');
    for (const state of ['storing', 'sending'] as const) expect(words(stand(state)).join()).not.toContain('kept on this device');
  });

  it('say that the device is full of what it refuses to keep', () => {
    expect(words(stand('storing', 'storage_refused'))).toEqual(['Kept in this tab · storage full', 'Not kept yet: this device’s storage takes nothing more. The tab holds it; leave it open.']);
  });

  it('give the server’s own words for a reason that is new to the page', () => {
    expect(words(stand('waiting', 'moon_phase', 'The moon is full.'))).toEqual(['Kept on this device', 'Not saved yet: The moon is full. It is kept on this device.']);
    expect(failureText({ code: 'moon_phase', detail: 'The moon is full.' }, en)).toBe('Not saved: The moon is full.');
  });

  it('do not blame the server for what the person took back', () => {
    expect(failureText({ code: 'withdrawn', detail: '' }, en)).toBe('You took this back before it was sent.');
  });
});
