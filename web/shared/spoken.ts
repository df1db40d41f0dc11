/** Returns a text as it is read aloud: without the marks of markdown, addresses and numbers of sources. */
export function spoken(markdown: string): string {
  return markdown
    .replaceAll(/[\u202A-\u202E\u2066-\u2069]/g, '')
    .replaceAll(/^ *(```|~~~).*$/gm, '')
    .replaceAll(/^ *(#{1,6}|>|[-*+]) +/gm, '')
    .replaceAll(/!?\[([^\]\n]{1,300})\]\([^)\s]{1,2000}\)/g, '$1')
    .replaceAll(/ ?\[\d+\]/g, '')
    .replaceAll(/\*\*|__|`/g, '')
    .trim();
}
