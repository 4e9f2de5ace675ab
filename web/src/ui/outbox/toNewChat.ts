import { realEnvironment } from '../../core/ids';
import { moveToNewChat } from '../../services/newChat';
import { answerService, conversationService, device } from '../../services/services';
import { outboxActions } from '../../state/outbox';
import { useStore } from '../../state/store';
import { changeUi } from '../../state/ui';
import { openConversation } from '../commands';

/** Takes a message into a new chat, and the person with it. Rejects with words for people. */
export async function toNewChat(messageId: string): Promise<void> {
  const actions = outboxActions();
  const conversationId = await moveToNewChat(messageId, {
    store: useStore,
    conversations: conversationService,
    answers: answerService,
    outbox: device,
    environment: realEnvironment,
    items: () => actions.items(),
    discard: (id) => actions.discard(id),
  });
  changeUi({ dialog: null });
  openConversation(conversationId);
}
