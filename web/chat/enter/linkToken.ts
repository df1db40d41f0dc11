/** Returns the token of a link in a mail: behind `#`, which no server sees, or `?`. */
export function linkToken(): string {
  const behind = new URLSearchParams(location.hash.slice(1)).get('token');
  return behind ?? new URLSearchParams(location.search).get('token') ?? '';
}
