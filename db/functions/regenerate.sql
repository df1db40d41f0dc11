-- Answers a question again: stores a new run and a new reply beside the earlier ones. The outcomes are those of accept_message
-- (db/functions/runs.sql). 'not_found': the user has no such reply. 'run_in_progress': the reply is not finished. 'with_agent':
-- a person is asked for or has the conversation. message_id is the question's. A resolved conversation is the bot's again, as
-- after a message. Like accept_message it locks the user, then the conversation, and decides in later statements.
DROP FUNCTION IF EXISTS regenerate_reply;
CREATE FUNCTION regenerate_reply(
  p_user bigint, p_reply bigint, p_key text, p_hash text, p_request text, p_max_waiting integer
) RETURNS TABLE (outcome text, run_id bigint, conversation_id bigint, message_id bigint, reply_id bigint,
  next jsonb, ended bigint[], news boolean) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_owner users;
  v_conversation bigint;
  v_assistant assistants;
  v_before runs;
  v_head boolean;
  v_rank integer := 1;
  v_run bigint;
  v_reply bigint;
BEGIN
  SELECT * INTO v_owner FROM users WHERE id = p_user FOR NO KEY UPDATE;
  SELECT id INTO v_conversation FROM conversations
  WHERE id = (SELECT m.conversation_id FROM messages m WHERE m.id = p_reply AND m.user_id = p_user)
    AND deleted_at IS NULL FOR NO KEY UPDATE;

  -- Looks the key up once: nobody else can store a key of this user now.
  IF p_key IS NOT NULL THEN
    RETURN QUERY SELECT s.outcome, s.run_id, s.conversation_id, s.message_id, s.reply_id, s.next, s.ended, s.news
    FROM stored_under(p_user, p_key, p_hash) AS s;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;

  SELECT * INTO v_before FROM runs WHERE reply_id = p_reply AND conversation_id = v_conversation;
  outcome := CASE
    WHEN v_owner.status <> 'active' THEN 'unauthenticated'
    WHEN NOT v_owner.data_processing_consent THEN 'consent_required'
    WHEN v_before.id IS NULL THEN 'not_found'
    WHEN v_before.completed_at IS NULL THEN 'run_in_progress'
    WHEN EXISTS (SELECT FROM conversations WHERE id = v_conversation AND status IN ('waiting', 'agent')) THEN 'with_agent'
    WHEN (SELECT count(*) FROM (SELECT FROM runs WHERE user_id = p_user AND status IN ('waiting', 'queued')
      LIMIT p_max_waiting) AS idle) >= p_max_waiting THEN 'too_many_waiting_runs'
  END;
  IF outcome IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;

  news := false;
  IF EXISTS (SELECT FROM conversations WHERE id = v_conversation AND episode_id IS NULL) THEN
    news := EXISTS (SELECT FROM conversations WHERE id = v_conversation AND status = 'resolved');
    PERFORM reopen_conversation(v_conversation);
  END IF;
  v_assistant := assistant_now((SELECT assistant_id FROM conversations WHERE id = v_conversation));
  v_assistant.version := (SELECT version_in(experiment_id, experiment_version, v_assistant.version)
    FROM conversations WHERE id = v_conversation);
  v_run := nextval(pg_get_serial_sequence('runs', 'id'));
  v_head := NOT EXISTS (SELECT FROM runs WHERE conversation_id = v_conversation
    AND status IN ('queued', 'in_progress'));
  IF v_head THEN
    v_rank := next_rank(p_user);
  END IF;
  INSERT INTO messages (conversation_id, user_id, run_id, content, message_type, status, replaces_id, alternative_of)
  SELECT v_conversation, p_user, v_run, '', 'assistant', 'pending', m.id, coalesce(m.alternative_of, m.id)
  FROM messages m WHERE m.id = p_reply RETURNING id INTO v_reply;
  INSERT INTO runs (id, user_id, conversation_id, message_id, reply_id, status, language, idempotency_key,
    request_hash, request_id, generation, queued_at, rank, assistant_id, assistant_version, joined_ids)
  VALUES (v_run, p_user, v_conversation, v_before.message_id, v_reply,
    CASE WHEN v_head THEN 'queued' ELSE 'waiting' END, v_before.language, p_key, p_hash, p_request,
    CASE WHEN v_head THEN 1 ELSE 0 END, CASE WHEN v_head THEN clock_timestamp() END, v_rank,
    v_assistant.id, v_assistant.version, v_before.joined_ids);
  UPDATE conversations SET message_count = message_count + 1, is_active = true,
    last_message_at = clock_timestamp(), updated_at = clock_timestamp(),
    duration_seconds = extract(epoch FROM clock_timestamp() - created_at)::integer
  WHERE id = v_conversation;

  RETURN QUERY SELECT 'accepted', v_run, v_conversation, v_before.message_id, v_reply,
    CASE WHEN v_head THEN jsonb_build_object('run_id', v_run, 'generation', 1, 'rank', v_rank) END, '{}'::bigint[], news;
END $$;
