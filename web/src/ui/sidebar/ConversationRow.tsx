import * as Menu from '@radix-ui/react-dropdown-menu';
import { Archive, ArchiveRestore, CircleAlert, Clock, Ellipsis, Pencil, Pin, PinOff, RotateCcw, Trash2 } from 'lucide-react';
import { memo, useRef } from 'react';
import type { Conversation } from '../../api/types';
import { useStore } from '../../state/store';
import { changeUi, useUi } from '../../state/ui';
import { useStrings } from '../../strings';
import { address } from '../base';
import { archiveConversation, openConversation, pinConversation, removeConversation, renameConversation, restoreConversation } from '../commands';
import { isPlainClick } from '../router';

/** Takes a conversation out of the list that is shown; the focus, if it was there, goes on at the one that moves up. */
function takeOut(within: Element | null, change: () => void): void {
  const links = () => [...document.querySelectorAll<HTMLElement>('.row-link')];
  const index = links().findIndex((link) => link.closest('.row') === within?.closest('.row'));
  change();
  // A menu gives the focus back once it has gone.
  setTimeout(() => {
    if (index < 0 || document.activeElement !== document.body) return;
    const left = links();
    (left[index] ?? left.at(-1))?.focus();
  }, 50);
}

/** A conversation in the list: its title, what is going on in it, and what can be done with it. */
export const ConversationRow = memo(function ConversationRow({ conversation, isOpen }: { conversation: Conversation; isOpen: boolean }) {
  const texts = useStrings();
  const renaming = useUi((state) => state.renaming === conversation.id);
  const answering = useStore((state) => conversation.id in state.answers);
  const unsaved = useStore((state) => state.saves.unsavedIn(conversation.id));
  const title = conversation.title ?? texts.conversation.untitled;
  return (
    <li className="row" data-open={isOpen || undefined}>
      {renaming ? (
        <RenameField conversation={conversation} />
      ) : (
        <>
          <a
            className="row-link"
            href={address(`/c/${conversation.id}`)}
            aria-current={isOpen ? 'page' : undefined}
            title={title}
            onClick={(event) => {
              if (!isPlainClick(event)) return;
              event.preventDefault();
              openConversation(conversation.id);
            }}
            onKeyDown={(event) => {
              if (event.key === 'F2') changeUi({ renaming: conversation.id });
              if (event.key === 'Delete' && conversation.trashedAt === null) takeOut(event.currentTarget, () => removeConversation(conversation.id));
            }}
          >
            <span className="row-title" dir="auto">
              {title}
            </span>
            {unsaved && (
              <span
                className={unsaved === 'failed' ? 'row-mark failed' : 'row-mark'}
                role="img"
                aria-label={unsaved === 'failed' ? texts.sidebar.needsYou : texts.sidebar.unsaved}
                title={unsaved === 'failed' ? texts.sidebar.needsYou : texts.sidebar.unsaved}
              >
                {unsaved === 'failed' ? <CircleAlert aria-hidden /> : <Clock aria-hidden />}
              </span>
            )}
            {answering && <span className="pulse" role="img" aria-label={texts.sidebar.answering} />}
          </a>
          <RowMenu conversation={conversation} title={title} />
        </>
      )}
    </li>
  );
});

function RowMenu({ conversation, title }: { conversation: Conversation; title: string }) {
  const texts = useStrings();
  const { id, pinned, archived } = conversation;
  // The field that a menu item opens takes the focus; giving it back to the button would close the field again.
  const keepFocus = useRef(false);
  const trigger = useRef<HTMLButtonElement>(null);
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger ref={trigger} className="icon-button small row-menu" aria-label={texts.conversation.actions(title)} title={texts.conversation.actions(title)}>
        <Ellipsis aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content
          className="menu"
          align="start"
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            if (keepFocus.current) event.preventDefault();
            keepFocus.current = false;
          }}
        >
          {conversation.trashedAt !== null ? (
            <Menu.Item onSelect={() => takeOut(trigger.current, () => restoreConversation(id))}>
              <RotateCcw aria-hidden />
              {texts.conversation.restore}
            </Menu.Item>
          ) : (
            <>
              <Menu.Item
                onSelect={() => {
                  keepFocus.current = true;
                  changeUi({ renaming: id });
                }}
              >
                <Pencil aria-hidden />
                {texts.conversation.rename}
              </Menu.Item>
              <Menu.Item onSelect={() => pinConversation(id, !pinned)}>
                {pinned ? <PinOff aria-hidden /> : <Pin aria-hidden />}
                {pinned ? texts.conversation.unpin : texts.conversation.pin}
              </Menu.Item>
              <Menu.Item onSelect={() => takeOut(trigger.current, () => archiveConversation(id, !archived))}>
                {archived ? <ArchiveRestore aria-hidden /> : <Archive aria-hidden />}
                {archived ? texts.conversation.unarchive : texts.conversation.archive}
              </Menu.Item>
              <Menu.Separator />
              <Menu.Item className="danger" onSelect={() => takeOut(trigger.current, () => removeConversation(id))}>
                <Trash2 aria-hidden />
                {texts.conversation.remove}
              </Menu.Item>
            </>
          )}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function RenameField({ conversation }: { conversation: Conversation }) {
  const texts = useStrings();
  const done = useRef(false);
  const finish = (input: HTMLInputElement, keep: boolean) => {
    if (done.current) return;
    done.current = true;
    if (keep) renameConversation(conversation.id, input.value);
    changeUi({ renaming: null });
    const link = `a[href="${address(`/c/${conversation.id}`)}"]`;
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) document.querySelector<HTMLElement>(link)?.focus();
    });
  };
  return (
    <input
      className="rename-field"
      defaultValue={conversation.title ?? ''}
      aria-label={texts.conversation.renameLabel}
      maxLength={200}
      ref={(input) => {
        if (!input || document.activeElement === input) return;
        input.focus();
        input.select();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Enter') finish(event.currentTarget, true);
        if (event.key === 'Escape') finish(event.currentTarget, false);
      }}
      onBlur={(event) => finish(event.currentTarget, true)}
    />
  );
}
