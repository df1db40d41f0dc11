import type { Session, Vouched } from '../sdk/session.ts';
import { wish } from './words.ts';

/** Signs in whom the site vouches for, or else a guest. @throws Refused, Unreachable */
export function enter(session: Session, user: Vouched | null | undefined): Promise<void> {
  const { language } = wish;
  const consents = { gdpr_consent: true, data_processing_consent: true } as const;
  if (user) return session.widget({ language, ...user, ...consents });
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return session.guest({ language, timezone, ...consents });
}
