/** What a person typed as a second factor: a code of the app has six digits, one that was written down has other signs or more. */
export function proofOf(typed: string): { code: string } | { backupCode: string } {
  const given = typed.replace(/\s/g, '');
  return /^\d{6}$/.test(given) ? { code: given } : { backupCode: given.toLowerCase() };
}
