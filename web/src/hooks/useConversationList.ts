import { useMemo } from 'react';
import type { Conversation } from '../api/types';
import { inList } from '../services/conversationService';
import { type ListKind, useStore } from '../state/store';

export function timeOf(conversation: Conversation): string {
  return conversation.lastMessageAt ?? conversation.createdAt;
}

/** The conversations of a list, newest first. */
export function useConversationList(kind: ListKind): Conversation[] {
  const conversations = useStore((state) => state.conversations);
  return useMemo(
    () =>
      Object.values(conversations)
        .filter((conversation) => inList(kind, conversation))
        .sort((left, right) => timeOf(right).localeCompare(timeOf(left))),
    [conversations, kind],
  );
}
