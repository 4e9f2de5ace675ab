import * as Menu from '@radix-ui/react-dropdown-menu';
import { Info } from 'lucide-react';
import type { Message } from '../../core/messages';
import { useLanguage, useStrings } from '../../strings';

/** On demand: which model answered, when, and the tokens where the provider told them. */
export function AnswerDetails({ message }: { message: Message }) {
  const texts = useStrings();
  const language = useLanguage();
  const number = (value: number) => new Intl.NumberFormat(language).format(value);
  const { usage } = message;
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(message.createdAt));
  const rows: [string, string | undefined][] = [
    [texts.thread.model, message.model],
    [texts.thread.tokensIn, usage?.inputTokens === undefined ? undefined : number(usage.inputTokens)],
    [texts.thread.tokensCached, usage?.cacheReadTokens ? number(usage.cacheReadTokens) : undefined],
    [texts.thread.tokensOut, usage?.outputTokens === undefined ? undefined : number(usage.outputTokens)],
    [texts.thread.tokensReasoning, usage?.reasoningTokens ? number(usage.reasoningTokens) : undefined],
    [texts.thread.time, time],
  ];
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="icon-button small" aria-label={texts.thread.details} title={texts.thread.details}>
        <Info aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu details" align="start" sideOffset={4} collisionPadding={8}>
          {rows.map(([label, value]) =>
            value === undefined ? null : (
              <Menu.Item key={label} className="detail" onSelect={(event) => event.preventDefault()}>
                <span>{label}</span>
                <span>{value}</span>
              </Menu.Item>
            ),
          )}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
