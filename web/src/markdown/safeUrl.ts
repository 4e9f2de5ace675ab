const ALLOWED_PROTOCOLS = new Set(['http:', 'https:', 'mailto:', 'tel:']);

/**
 * The address of a link, or `null` when following it could run a script or leave the web (`javascript:`, `data:`,
 * `vbscript:`, `file:` …). Addresses without a scheme are refused too: an answer knows no page of ours.
 */
export function safeLink(href: string): string | null {
  try {
    const url = new URL(href);
    return ALLOWED_PROTOCOLS.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
