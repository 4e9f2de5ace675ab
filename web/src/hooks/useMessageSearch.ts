import { useEffect, useState } from 'react';
import { isAbort } from '../api/errors';
import type { SearchHit } from '../api/types';
import { api } from '../services/services';

/** A pause in typing before the server is asked, in milliseconds. */
const PAUSE_MS = 180;

export interface MessageSearch {
  status: 'idle' | 'searching' | 'ready' | 'failed';
  hits: readonly SearchHit[];
}

const IDLE: MessageSearch = { status: 'idle', hits: [] };

/** Asks the server for messages that match. While a newer query is on its way the last hits stay. */
export function useMessageSearch(query: string): MessageSearch {
  const [search, setSearch] = useState<MessageSearch>(IDLE);
  const text = query.trim();
  useEffect(() => {
    if (text.length < 2) {
      setSearch(IDLE);
      return;
    }
    setSearch((before) => ({ status: 'searching', hits: before.hits }));
    const controller = new AbortController();
    const timer = setTimeout(() => {
      api.search(text, { limit: 30, signal: controller.signal }).then(
        ({ hits }) => setSearch({ status: 'ready', hits }),
        (error: unknown) => {
          if (!isAbort(error)) setSearch({ status: 'failed', hits: [] });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);
  return search;
}
