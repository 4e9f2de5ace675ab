export { Api, type ApiOptions, ApiProblem, ServerUnreachable } from './classic/api.js';
export { CircuitBreaker, type CircuitBreakerOptions } from './classic/circuitBreaker.js';
export { type Conversation, ConversationService, type StoredMessage } from './classic/conversationService.js';
export { type ChatMessage, type CompletionEvent, type CompletionOptions, MessageService } from './classic/messageService.js';
export { RetryQueue, type RetryQueueOptions } from './classic/retryQueue.js';
export { createClient } from './client.js';
export * from './errors.js';
export type * from './types.js';
