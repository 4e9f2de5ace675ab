import { type ClipboardEvent, type DragEvent, useState } from 'react';
import { showToast } from '../../state/toasts';
import { strings } from '../../strings';
import { seldomShown } from '../dialogs/lazyDialogs';
import { type Attachment, checkKind, IMAGE_BUDGET, NotAPicture, usedBudget } from './images';

export interface Attaching {
  attachments: readonly Attachment[];
  dragging: boolean;
  add: (files: Iterable<File>) => Promise<void>;
  remove: (id: string) => void;
  clear: () => void;
  /** Puts pictures back that were taken before. */
  put: (attachments: readonly Attachment[]) => void;
  onPaste: (event: ClipboardEvent) => void;
  dropHandlers: { onDragOver: (event: DragEvent) => void; onDragLeave: (event: DragEvent) => void; onDrop: (event: DragEvent) => void };
}

/** Pictures by button, paste and drop. What cannot be taken is said in words. */
export function useAttachments(): Attaching {
  const [attachments, setAttachments] = useState<readonly Attachment[]>([]);
  const [dragging, setDragging] = useState(false);

  const add = async (files: Iterable<File>) => {
    const texts = strings();
    for (const file of files) {
      const name = file.name || texts.composer.pastedName;
      try {
        checkKind(file, name);
        const { readImage } = await seldomShown();
        const attachment = await readImage(file, name);
        setAttachments((before) => {
          if (usedBudget([...before, attachment]) <= IMAGE_BUDGET) return [...before, attachment];
          queueMicrotask(() => showToast(texts.composer.tooMany, null, 'error'));
          return before;
        });
      } catch (error) {
        showToast(error instanceof NotAPicture ? texts.composer.notAPicture(name) : texts.composer.unreadable(name), null, 'error');
      }
    }
  };
  const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');
  return {
    attachments,
    dragging,
    add,
    remove: (id) => setAttachments((before) => before.filter((attachment) => attachment.id !== id)),
    clear: () => setAttachments([]),
    put: (taken) => setAttachments((before) => [...taken, ...before]),
    onPaste: (event) => {
      if (event.clipboardData.files.length === 0) return;
      event.preventDefault();
      void add(event.clipboardData.files);
    },
    dropHandlers: {
      onDragOver: (event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setDragging(true);
      },
      onDragLeave: (event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDragging(false);
      },
      onDrop: (event) => {
        setDragging(false);
        if (!holdsFiles(event)) return;
        event.preventDefault();
        void add(event.dataTransfer.files);
      },
    },
  };
}
