/** Whether a moment, if there is one, has passed by this device's clock. */
export function isOver(time: string | null | undefined): boolean {
  return Boolean(time) && Date.parse(time!) <= Date.now();
}

/** A moment in the person's language, as exact as anybody needs it in a list. */
export function when(time: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}
