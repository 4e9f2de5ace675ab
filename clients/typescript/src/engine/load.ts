import initialise, { answerHolder, Answers, CircuitBreaker, initSync, Outbox } from '../wasm/manent_engine.js';
import type { ClientOptions } from '../types.js';

/** The engine's classes, once its module is there. */
export interface EngineModule {
  Outbox: typeof Outbox;
  Answers: typeof Answers;
  answerHolder: typeof answerHolder;
  CircuitBreaker: typeof CircuitBreaker;
}

let loading: Promise<EngineModule> | null = null;

/** Loads the module, once for all clients of this page; where it is comes from the first call that is successful. */
export function loadEngine(wasm?: ClientOptions['wasm']): Promise<EngineModule> {
  loading ??= load(wasm).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load(wasm: ClientOptions['wasm']): Promise<EngineModule> {
  if (isBytes(wasm)) initSync({ module: wasm });
  // Without a place the module is looked for beside this file; bundlers know that form.
  else await initialise({ module_or_path: wasm ?? new URL('../wasm/manent_engine_bg.wasm', import.meta.url) });
  return { Outbox, Answers, answerHolder, CircuitBreaker };
}

function isBytes(wasm: ClientOptions['wasm']): wasm is BufferSource {
  return wasm instanceof ArrayBuffer || ArrayBuffer.isView(wasm);
}
