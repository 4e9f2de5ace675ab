import type { Ref, TextareaHTMLAttributes } from 'react';

/** A text area as high as its text, up to what its style allows. A hidden twin gives the height, so nothing is measured. */
export function GrowingTextArea({ ref, value, ...attributes }: TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement>; value: string }) {
  return (
    <div className="growing-text">
      <div className="growing-twin" aria-hidden>
        {value}{' '}
      </div>
      <textarea ref={ref} value={value} rows={1} dir="auto" {...attributes} />
    </div>
  );
}
