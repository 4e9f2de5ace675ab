import type { Place } from '../api/completion';
import { type Answer, emptyAnswer } from '../core/answer';
import { type Message, textOf } from '../core/messages';
import type { Thread } from '../state/store';
import type { AnswerPresenter } from './answerPresenter';

/** An answer that this page shows as it comes, or waits for. */
export interface Turn {
  controller: AbortController;
  /** The run on the server. */
  runId: string;
  /** The trace in which it is asked for. */
  traceparent: string | undefined;
  /** Whether the server keeps the answer too, so that it goes on without this page. */
  isRecorded: boolean;
  /** Whether this device remembers it, so that another tab goes on with it when this one dies. */
  isRemembered: boolean;
  /** Whether it is being asked for or read at the moment. */
  isAsking: boolean;
  /** Whether it may be asked for, as soon as the conversation's other answer has ended where there is one. */
  isDue: boolean;
  /** Shows it as it comes; `null` while it waits. */
  presenter: AnswerPresenter | null;
  message: Message;
  /** What the answer began with. */
  start: Answer;
  /** The answer that this one goes on from. */
  continued: Message | undefined;
  /** How far it was read, and what had come by then when it was put aside. */
  place: Place;
  soFar: Answer;
  /** The choices to go back to when nothing comes of the answer. */
  choicesBefore: Thread['choices'];
  /** The browser has taken its connection because the page is being closed; the server or another tab goes on with it. */
  wasCutOff?: boolean;
}

/** What is answered. */
export interface TurnOptions {
  conversationId: string;
  /** The message that is answered. */
  parentId: string;
  /** The answer that this one goes on from. */
  continued?: Message;
  /** The trace of the message that is answered; without one a trace begins here. */
  traceparent?: string;
}

/** A turn of which nothing has come yet. */
export function newTurn(message: Message, runId: string, traceparent: string | undefined, continued: Message | undefined, choicesBefore: Thread['choices']): Turn {
  const start = emptyAnswer(continued ? prefixOf(continued) : undefined);
  return {
    controller: new AbortController(),
    runId,
    traceparent,
    isRecorded: false,
    isRemembered: false,
    isAsking: false,
    isDue: false,
    presenter: null,
    message,
    start,
    soFar: start,
    continued,
    place: { lastEventId: null },
    choicesBefore,
  };
}

/** What has come of it. */
export function answerOf(turn: Turn): Answer {
  return turn.presenter?.answer ?? turn.soFar;
}

/** Whether anything has come of it beyond what it began with. */
export function hasCome(turn: Turn): boolean {
  const answer = answerOf(turn);
  return answer.text !== turn.start.text || answer.reasoning !== turn.start.reasoning || answer.toolCalls.length > 0;
}

function prefixOf(message: Message): { text: string; reasoning: string } {
  const reasoning = message.content.filter((part) => part.type === 'reasoning').map((part) => part.text);
  return { text: textOf(message.content), reasoning: reasoning.join('\n\n') };
}
