/** A line of the doctor. todo: what the operator does about it. */
export type Finding = { area: string; state: 'well' | 'note' | 'wrong'; says: string; todo?: string };

export function well(area: string, says: string): Finding {
  return { area, state: 'well', says };
}

export function note(area: string, says: string, todo: string): Finding {
  return { area, state: 'note', says, todo };
}

export function wrong(area: string, says: string, todo: string): Finding {
  return { area, state: 'wrong', says, todo };
}
