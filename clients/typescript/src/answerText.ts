/** The text of an answer; none where it is longer than any that makes sense, so that nobody fills this device's memory. */
export async function answerText({ body }: Response, mostBytes: number): Promise<string> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let bytes = 0; reader; ) {
    const { value } = await reader.read();
    if (!value) break;
    bytes += value.length;
    if (bytes > mostBytes) {
      reader.cancel().catch(() => undefined);
      return '';
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
