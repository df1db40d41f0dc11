import type { SessionRow } from '../../db/models/sessionView.ts';
import type { User } from '../../db/models/user.ts';

/** An account as its owner sees it. */
export function presentUser(user: User) {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    first_name: user.first_name,
    last_name: user.last_name,
    role: user.role,
    status: user.status,
    avatar_url: user.avatar_url,
    language: user.language,
    timezone: user.timezone,
    gdpr_consent: user.gdpr_consent,
    data_processing_consent: user.data_processing_consent,
    marketing_consent: user.marketing_consent,
    created_at: user.created_at.toISOString(),
    last_login: user.last_login?.toISOString() ?? null,
  };
}

/** A sign-in as its owner sees it; `current` is the one that asks. */
export function presentSession(session: SessionRow, currentSid: number) {
  return {
    id: session.id,
    user_agent: session.user_agent,
    ip: session.ip,
    created_at: session.created_at.toISOString(),
    last_used_at: session.last_used_at.toISOString(),
    expires_at: session.expires_at.toISOString(),
    current: session.id === currentSid,
  };
}
