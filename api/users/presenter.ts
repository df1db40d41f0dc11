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
