import { describe, expect, it } from 'vitest';
import { effectiveModel, modelFromKey, modelKey } from './modelChoice';

const list = {
  models: [
    { provider: 'a', model: 'one', name: 'One' },
    { provider: 'b', model: 'org/two', name: 'Two' },
  ],
  default: { provider: 'a', model: 'one' },
  demo: false,
};

describe('model choices', () => {
  it('survive being written as one text, slashes in names included', () => {
    for (const model of list.models) expect(modelFromKey(modelKey(model))).toEqual({ provider: model.provider, model: model.model });
    expect(modelFromKey(modelKey({}))).toEqual({});
  });

  it('fall back to the default of the server and are unknown when not configured', () => {
    expect(effectiveModel({}, list)?.name).toBe('One');
    expect(effectiveModel({ provider: 'b', model: 'org/two' }, list)?.name).toBe('Two');
    expect(effectiveModel({ model: 'gone' }, list)).toBeUndefined();
    expect(effectiveModel({}, null)).toBeUndefined();
  });
});
