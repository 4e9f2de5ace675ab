import type { Problem } from './types';

/** The server answered, and the answer is a refusal or a failure of its own. */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title || problem.code);
    this.name = 'ApiProblem';
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  /** True when the same request may succeed later: the server or its store is busy, stopping or limiting. */
  get isTransient(): boolean {
    return this.problem.status === 408 || this.problem.status === 429 || this.problem.status >= 500;
  }
}

/** The server could not be reached, or the connection broke before its answer was whole. */
export class ServerUnreachable extends Error {
  constructor(options?: ErrorOptions) {
    super('The server cannot be reached.', options);
    this.name = 'ServerUnreachable';
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
