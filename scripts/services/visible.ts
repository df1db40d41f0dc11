/**
 * Returns a text as a terminal may show it. A stranger's text must not move the cursor, write the clipboard or turn the
 * direction of writing. Line breaks stay.
 */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u{fffd}');
}
