import { describe, expect, it } from 'vitest';
import { allEn } from '../../strings/seldom';
import { stepText } from './steps';

describe('the words of a step', () => {
  it('count the attempts and name the class of a failure or the server’s reason', () => {
    expect(stepText({ at: 0, step: 'sent', attempt: 3 }, allEn)).toEqual({ step: 'Sent, try 3', detail: null });
    expect(stepText({ at: 0, step: 'answered', detail: 'infrastructure' }, allEn)).toEqual({ step: 'The try failed', detail: 'the server could not be reached or has a fault' });
    expect(stepText({ at: 0, step: 'answered', detail: 'back_pressure' }, allEn)).toEqual({ step: 'The server answered', detail: 'the server asked to wait' });
    expect(stepText({ at: 0, step: 'failed', detail: 'too_large' }, allEn)).toEqual({ step: 'Needs your decision', detail: 'the message is too long.' });
    expect(stepText({ at: 0, step: 'answered', detail: 'rejected: parent_unknown' }, allEn)).toEqual({
      step: 'The server answered',
      detail: 'the server does not know the message that it follows.',
    });
    expect(stepText({ at: 0, step: 'answered', detail: 'rejected: moon_phase' }, allEn).detail).toBe('rejected: moon_phase');
  });
});
