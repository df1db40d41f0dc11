// Scripts lie in `assets/` below the place where Parley is served, at the root of a site or under a path. A build tool
// would resolve the address by itself if it stood in `new URL`.
const up = '..';

/** The path of Parley on this site: '' or such as `/parley`. */
export const rootPath = new URL(up, import.meta.url).pathname.replace(/\/$/, '');
/** Where Parley is, for requests. */
export const base = `${location.origin}${rootPath}`;
