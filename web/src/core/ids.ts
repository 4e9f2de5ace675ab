import { v7 } from 'uuid';

/** Where new ids and times come from; tests give their own. */
export interface Environment {
  newId(): string;
  now(): Date;
}

export const realEnvironment: Environment = { newId: () => v7(), now: () => new Date() };
