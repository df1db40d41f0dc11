/** Names the device of a sign-in by its `user_agent`, such as `Firefox on Linux`, in no language. undefined: it is unknown. */
export function deviceName(agent: string | null): string | undefined {
  return agent?.replace(' on ', ', ') || undefined;
}
