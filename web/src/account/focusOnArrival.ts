/** As `ref` of what a person goes on with when it comes into the page: it takes the focus, once. */
export function focusOnArrival(element: HTMLElement | null): void {
  element?.focus();
}
