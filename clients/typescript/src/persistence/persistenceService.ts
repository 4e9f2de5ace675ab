import { Listeners } from '../listeners.js';
import type { DeviceStore } from '../store/deviceStore.js';
import type { HistoryEntry, NewConversation, OutboxItem, OutboxMessage, PersistenceMetrics, PersistenceService, QueueStatus, SaveStatus, StorageWarning } from '../types.js';
import type { OutboxTab } from './outboxTab.js';

/** The outbox as pages use it. */
export class DurablePersistenceService implements PersistenceService {
  private readonly tab: OutboxTab;
  private readonly storage: DeviceStore['kind'];
  private readonly statusListeners = new Listeners<SaveStatus>();
  private readonly queueListeners = new Listeners<QueueStatus>();
  private readonly warningListeners = new Listeners<StorageWarning>();
  /** What was told so far, for those who ask later. */
  private readonly pastWarnings: StorageWarning[];
  private isStatusPlanned = false;

  constructor(tab: OutboxTab, storage: DeviceStore['kind'], warnings: StorageWarning[]) {
    this.tab = tab;
    this.storage = storage;
    this.pastWarnings = [...warnings, ...tab.pastWarnings];
    tab.writer.statuses.add((statuses) => {
      for (const status of statuses) this.statusListeners.tell(status);
      this.planStatus();
    });
    tab.writer.reports.add(() => this.planStatus());
    tab.writer.removals.add(() => this.planStatus());
    tab.warnings.add((warning) => {
      this.pastWarnings.push(warning);
      this.warningListeners.tell(warning);
    });
  }

  get deviceId(): string {
    return this.tab.deviceId;
  }

  queueMessage(message: OutboxMessage, conversationId: string, create?: NewConversation, traceparent?: string): Promise<void> {
    return this.tab.queue(message, conversationId, create, traceparent);
  }

  async flush(): Promise<void> {
    await this.tab.command({ do: 'flush' });
  }

  getQueueStatus(): QueueStatus {
    const { metrics } = this.tab.report;
    return {
      ...this.tab.writer.board.counts(),
      breaker: metrics.breaker,
      nextTryAt: metrics.nextTryAt,
      isPausedForSignIn: metrics.isPausedForSignIn,
      storage: this.tab.isHeldInTab ? 'memory' : this.storage,
      isStorageRefusing: this.tab.isStorageRefusing || metrics.isStorageRefusing,
      isSender: this.tab.isSender,
    };
  }

  getMetrics(): PersistenceMetrics {
    const { queuedMessages, failedMessages, successfulSyncs, failedSyncs, retryAttempts, oldestAgeMs, breaker, isPausedForSignIn } = this.tab.metrics();
    return { queuedMessages, failedMessages, successfulSyncs, failedSyncs, retryAttempts, oldestAgeMs, breaker, isPausedForSignIn };
  }

  status(messageId: string): SaveStatus | null {
    return this.tab.writer.board.status(messageId);
  }

  items(): OutboxItem[] {
    return this.tab.writer.board.list();
  }

  history(messageId: string): HistoryEntry[] {
    return this.tab.histories.of(messageId);
  }

  subscribe(listener: (status: SaveStatus) => void): () => void {
    return this.statusListeners.add(listener);
  }

  subscribeMany(listener: (statuses: SaveStatus[]) => void): () => void {
    return this.tab.writer.statuses.add(listener);
  }

  subscribeStatus(listener: (status: QueueStatus) => void): () => void {
    return this.queueListeners.add(listener);
  }

  subscribeWarnings(listener: (warning: StorageWarning) => void): () => void {
    for (const warning of this.pastWarnings) listener(warning);
    return this.warningListeners.add(listener);
  }

  probeNow(): void {
    this.tab.probeNow();
  }

  signedIn(): void {
    this.tab.signedIn();
  }

  async replace(messageId: string, message: OutboxMessage): Promise<void> {
    await this.tab.command({ do: 'replace', id: messageId, message });
  }

  async withdraw(messageId: string): Promise<void> {
    await this.tab.command({ do: 'withdraw', id: messageId });
  }

  async retry(messageId: string, message?: OutboxMessage): Promise<void> {
    await this.tab.command({ do: 'retry', id: messageId, ...(message ? { message } : {}) });
  }

  async discard(messageId: string): Promise<void> {
    await this.tab.command({ do: 'discard', id: messageId });
  }

  async undo(messageId: string): Promise<void> {
    await this.tab.command({ do: 'undo', id: messageId });
  }

  async signOut(options: { confirmed?: boolean } = {}): Promise<void> {
    await this.tab.command({ do: 'signOut', confirmed: options.confirmed ?? false });
  }

  private planStatus(): void {
    if (this.isStatusPlanned || this.queueListeners.size === 0) return;
    this.isStatusPlanned = true;
    queueMicrotask(() => {
      this.isStatusPlanned = false;
      this.queueListeners.tell(this.getQueueStatus());
    });
  }
}
