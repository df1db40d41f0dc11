-- The outbox of notifications. A row is written in the transaction of its act. Jobs show it in the app and mail it at due_at,
-- and push it at push_due_at.

-- Owes a user a notification; the queue looks at it after p_after. Returns its id. p_data holds ids, and no text of anybody.
-- Without a user the row is kept for a moment and sent to nobody, so that an act on an unknown account costs the same.
CREATE OR REPLACE FUNCTION owe_notification(p_kind text, p_user bigint, p_data jsonb DEFAULT '{}',
  p_after interval DEFAULT '0', p_conversation bigint DEFAULT NULL, p_message bigint DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_id bigint;
BEGIN
  INSERT INTO notifications (kind, user_id, data, conversation_id, message_id, due_at)
  VALUES (p_kind, p_user, p_data, p_conversation, p_message, clock_timestamp() + p_after) RETURNING id INTO v_id;
  RETURN v_id;
END $$;

-- Owes a user the news of a sign-in, unless it is the account's first, or a browser of that name signed in before. Versions
-- do not count: p_device is a user agent without its numbers, p_whole another name of it. Returns the notification's id, or NULL.
DROP FUNCTION IF EXISTS owe_sign_in_notice(bigint, text);
CREATE OR REPLACE FUNCTION owe_sign_in_notice(p_session bigint, p_device text, p_whole text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_session sessions;
BEGIN
  SELECT s.* INTO v_session FROM sessions s JOIN users u ON u.id = s.user_id AND u.email IS NOT NULL WHERE s.id = p_session;
  IF NOT FOUND OR NOT EXISTS (SELECT FROM sessions WHERE user_id = v_session.user_id AND id < p_session)
    OR EXISTS (SELECT FROM sessions WHERE user_id = v_session.user_id AND id < p_session
      AND regexp_replace(coalesce(user_agent, ''), '[0-9._]+', '', 'g') IN (p_device, coalesce(p_whole, p_device))) THEN
    RETURN NULL;
  END IF;
  RETURN owe_notification('new_sign_in', v_session.user_id, jsonb_build_object('session_id', p_session));
END $$;

-- Returns what must be known to deliver claimed notifications. begins: this is the first claim. A row that is shown and in a
-- mail is done; its worker died before it noted that.
DROP FUNCTION IF EXISTS claim_notification, claim_notifications, claim_push, notifications_claimed;
DROP TYPE IF EXISTS owed_notification;
CREATE TYPE owed_notification AS (id bigint, kind text, user_id bigint, data jsonb, conversation_id bigint, message_id bigint, created_at timestamptz,
  read_at timestamptz, age_s double precision, push_in_ms double precision, mail_in_ms double precision, pushed_to bigint[],
  active boolean, email text, email_refused boolean, language text, timezone text, kinds jsonb, quiet_hours jsonb, seen boolean, deleted boolean, faq_question text,
  devices boolean, begins boolean);
CREATE FUNCTION notifications_claimed(p_claimed notifications[]) RETURNS SETOF owed_notification LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT v.id, v.kind, v.user_id, v.data, v.conversation_id, v.message_id, v.created_at, v.read_at,
    extract(epoch FROM clock_timestamp() - v.created_at)::double precision,
    extract(epoch FROM v.push_at - clock_timestamp())::double precision * 1000,
    extract(epoch FROM v.mail_at - clock_timestamp())::double precision * 1000, v.pushed_to,
    coalesce(u.status = 'active', false), u.email, u.email_refused_at IS NOT NULL, u.language, u.timezone,
    coalesce(s.kinds, '{}'), s.quiet_hours,
    v.read_at IS NOT NULL OR coalesce(m.status IN ('delivered', 'read'), false)
      OR v.kind = 'handoff_waiting' AND c.status <> 'waiting', c.deleted_at IS NOT NULL,
    (SELECT f.question FROM faqs f WHERE f.id = (v.data ->> 'faq_id')::bigint AND f.status = 'published'),
    EXISTS (SELECT FROM push_subscriptions p WHERE p.user_id = v.user_id),
    v.push_at IS NULL AND v.mail_at IS NULL AND (v.shown_at IS NULL OR v.mail_id IS NULL)
  FROM unnest(p_claimed) AS v LEFT JOIN users u ON u.id = v.user_id LEFT JOIN notification_settings s ON s.user_id = v.user_id
    LEFT JOIN messages m ON m.id = v.message_id LEFT JOIN conversations c ON c.id = v.conversation_id;
END $$;

-- Claims an owed notification, and up to p_more others that are due, for p_lease_ms, twice as long at each further try. A row
-- that is missing from the result is not due, or another worker has it. Compared with clock_timestamp, the index would also
-- read what is due later.
CREATE FUNCTION claim_notifications(p_id bigint, p_more integer, p_lease_ms integer) RETURNS SETOF owed_notification
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_claimed notifications[];
BEGIN
  WITH claimed AS (
    UPDATE notifications n SET tries = n.tries + 1,
      due_at = clock_timestamp() + p_lease_ms * power(2, least(n.tries, 10)) * interval '1 ms'
    WHERE n.id = ANY (ARRAY(SELECT o.id FROM notifications o WHERE o.id = p_id AND o.due_at <= statement_timestamp() FOR UPDATE SKIP LOCKED)
      || ARRAY(SELECT o.id FROM notifications o WHERE o.due_at <= statement_timestamp() AND o.id <> p_id
        ORDER BY o.due_at LIMIT p_more FOR UPDATE SKIP LOCKED)) RETURNING n)
  SELECT array_agg(n) INTO v_claimed FROM claimed;
  RETURN QUERY SELECT * FROM notifications_claimed(v_claimed);
END $$;

-- The release before this one claims them one by one. Goes with the next release, as settle_notification does.
CREATE FUNCTION claim_notification(p_id bigint, p_lease_ms integer) RETURNS SETOF owed_notification LANGUAGE sql VOLATILE AS $$
  SELECT * FROM claim_notifications(p_id, 0, p_lease_ms)
$$;

-- Claims the push of a user that is due for longest, for p_lease_ms, twice as long at each further try.
CREATE FUNCTION claim_push(p_user bigint, p_lease_ms integer) RETURNS SETOF owed_notification LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_claimed notifications[];
BEGIN
  WITH claimed AS (
    UPDATE notifications n SET push_tries = n.push_tries + 1,
      push_due_at = clock_timestamp() + p_lease_ms * power(2, least(n.push_tries, 10)) * interval '1 ms'
    WHERE n.id = (SELECT o.id FROM notifications o WHERE o.user_id = p_user AND o.push_due_at <= statement_timestamp()
      ORDER BY o.push_due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING n)
  SELECT array_agg(n) INTO v_claimed FROM claimed;
  RETURN QUERY SELECT * FROM notifications_claimed(v_claimed);
END $$;

-- Schedules what is left of claimed notifications. p_shown: the app lists it. p_push: a push is due now. p_mail_ms: a mail is
-- due in so many ms; NULL: none is. What another notification's mail has taken along stays with that mail. Deletes p_void,
-- which nobody needs.
CREATE OR REPLACE FUNCTION schedule_notifications(p_ids bigint[], p_shown boolean[], p_push boolean[], p_mail_ms double precision[],
  p_void bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  -- In the order of make_mail, which locks several too.
  PERFORM FROM notifications WHERE id = ANY (p_ids || p_void) ORDER BY id FOR UPDATE;
  DELETE FROM notifications WHERE id = ANY (p_void);
  UPDATE notifications n SET tries = 0, push_at = NULL,
    shown_at = CASE WHEN s.shown THEN coalesce(n.shown_at, clock_timestamp()) ELSE n.shown_at END,
    push_due_at = CASE WHEN s.push THEN clock_timestamp() ELSE n.push_due_at END,
    mail_at = CASE WHEN n.mail_id IS NULL THEN clock_timestamp() + s.mail_ms * interval '1 ms' END,
    due_at = CASE WHEN n.mail_id IS NULL THEN clock_timestamp() + s.mail_ms * interval '1 ms' END
  FROM unnest(p_ids, p_shown, p_push, p_mail_ms) AS s (id, shown, push, mail_ms) WHERE n.id = s.id;
END $$;

-- Schedules a claimed notification: its push is due in p_push_ms, its mail in p_mail_ms; NULL: never. A notification that a
-- mail has taken along gets no mail of its own.
CREATE OR REPLACE FUNCTION settle_notification(p_id bigint, p_push_ms double precision, p_mail_ms double precision)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE notifications SET tries = 0, push_at = clock_timestamp() + p_push_ms * interval '1 ms',
    mail_at = CASE WHEN mail_id IS NULL THEN clock_timestamp() + p_mail_ms * interval '1 ms' END WHERE id = p_id;
  UPDATE notifications SET due_at = least(push_at, mail_at) WHERE id = p_id;
END $$;

-- Makes the mail of an owed notification. A mail that may be refused (p_kinds) takes along all that its user is owed of these
-- kinds and has not seen; another is alone. Returns the mail's id; NULL: it is in a mail already, or p_address had
-- p_per_hour mails in the last hour.
CREATE OR REPLACE FUNCTION make_mail(p_id bigint, p_address text, p_language text, p_key text, p_kinds text[], p_per_hour integer)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v notifications;
  v_ids bigint[];
  v_mail bigint;
BEGIN
  -- Mails of one user are made one by one: the second finds what the first took along.
  PERFORM pg_advisory_xact_lock(hashtext('parley.mail'), (SELECT (user_id % 2000000000)::integer FROM notifications WHERE id = p_id));
  -- All that it may take along, in the order of schedule_notifications.
  PERFORM FROM notifications WHERE id = p_id OR user_id = (SELECT user_id FROM notifications WHERE id = p_id) AND mail_at IS NOT NULL
  ORDER BY id FOR UPDATE;
  SELECT * INTO v FROM notifications WHERE id = p_id AND mail_id IS NULL;
  IF NOT FOUND OR (SELECT count(*) FROM mails WHERE lower(address) = lower(p_address)
    AND created_at > clock_timestamp() - interval '1 hour') >= p_per_hour THEN
    RETURN NULL;
  END IF;
  v_ids := ARRAY[p_id];
  IF v.kind = ANY (p_kinds) THEN
    v_ids := v_ids || ARRAY(SELECT id FROM notifications WHERE user_id = v.user_id AND id <> p_id AND mail_at IS NOT NULL
      AND mail_id IS NULL AND kind = ANY (p_kinds) AND read_at IS NULL ORDER BY id LIMIT 50);
  END IF;
  INSERT INTO mails (user_id, address, language, message_key, due_at)
  VALUES (v.user_id, p_address, p_language, p_key, clock_timestamp()) RETURNING id INTO v_mail;
  -- p_id itself stays claimed until it is scheduled: its push is not owed before.
  UPDATE notifications SET mail_id = v_mail, mail_at = NULL, due_at = CASE WHEN id = p_id THEN due_at ELSE push_at END
  WHERE id = ANY (v_ids);
  RETURN v_mail;
END $$;

-- Claims a mail to send for p_lease_ms. No row: it is not due, or another worker has it.
DROP FUNCTION IF EXISTS claim_mail;
CREATE FUNCTION claim_mail(p_id bigint, p_lease_ms integer)
RETURNS TABLE (id bigint, user_id bigint, address text, language text, message_key text, tries integer, age_s double precision,
  active boolean, first_name text, timezone text, kinds jsonb, refused boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v mails;
BEGIN
  UPDATE mails SET tries = tries + 1, due_at = clock_timestamp() + p_lease_ms * interval '1 ms'
  WHERE id = p_id AND due_at <= clock_timestamp() RETURNING * INTO v;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT v.id, v.user_id, v.address, v.language, v.message_key, v.tries,
    extract(epoch FROM clock_timestamp() - v.created_at)::double precision,
    v.user_id IS NULL OR coalesce(u.status = 'active', false), u.first_name, coalesce(u.timezone, 'UTC'), coalesce(s.kinds, '{}'),
    u.email_refused_at IS NOT NULL
  FROM (SELECT) AS one LEFT JOIN users u ON u.id = v.user_id LEFT JOIN notification_settings s ON s.user_id = v.user_id;
END $$;
