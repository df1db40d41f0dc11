-- Messages that join a run: with multitask_strategy "coalesce" a burst gets one answer. runs.joined_ids holds the
-- messages beside message_id. It grows only before the first claim, so every attempt asks the same. Whatever a stage
-- stored is dropped when a message joins, and is stored only for the number of messages that the stage saw.
DROP FUNCTION IF EXISTS stored_under, run_to_join, join_run, check_joins;

-- Returns what is stored under a user's idempotency key, as accept_message answers it; no row: nothing. The key of a
-- message without a run of its own is in message_keys: one that stands before a person, or one that joined a run.
CREATE FUNCTION stored_under(p_user bigint, p_key text, p_hash text)
RETURNS TABLE (outcome text, run_id bigint, conversation_id bigint, message_id bigint, reply_id bigint, next jsonb,
  ended bigint[], news boolean, joined boolean) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT CASE WHEN r.request_hash = p_hash THEN 'replayed' ELSE 'idempotency_key_reused' END,
    r.id, r.conversation_id, r.message_id, r.reply_id, NULL::jsonb, '{}'::bigint[], false, false
  FROM runs r WHERE r.user_id = p_user AND r.idempotency_key = p_key;
  IF FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT CASE WHEN k.request_hash = p_hash THEN 'replayed' ELSE 'idempotency_key_reused' END,
    r.id, m.conversation_id, m.id, r.reply_id, NULL::jsonb, '{}'::bigint[], false, r.id IS NOT NULL
  FROM message_keys k JOIN messages m ON m.id = k.message_id LEFT JOIN runs r ON r.id = m.run_id
  WHERE k.user_id = p_user AND k.idempotency_key = p_key;
END $$;

-- Returns the newest run of a conversation that was never claimed; a row of NULLs: none. A run that answers a question
-- again takes no messages: its question stands further up. The caller holds the conversation's lock.
CREATE FUNCTION run_to_join(p_conversation bigint) RETURNS runs LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_run runs;
BEGIN
  SELECT * INTO v_run FROM runs r
  WHERE r.id = (SELECT max(id) FROM runs WHERE conversation_id = p_conversation AND status IN ('waiting', 'queued')
      AND attempt = 0 AND cancel_requested_at IS NULL
      AND EXISTS (SELECT FROM messages m WHERE m.id = runs.message_id AND m.run_id = runs.id))
  FOR UPDATE;
  RETURN v_run;
END $$;

-- Says whether a run has no room for one more message: a hundred messages, or 64,000 characters. Their prompt is one.
CREATE OR REPLACE FUNCTION is_full(p_run runs, p_content text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN cardinality(p_run.joined_ids) >= 99 OR length(p_content) + (SELECT sum(length(content)) FROM messages
    WHERE id = p_run.message_id OR id = ANY (p_run.joined_ids)) > 64000;
END $$;

-- Adds a message to a run. Returns the first columns of accept_message. The caller holds the user's, the conversation's and
-- the run's row, and counts the message.
CREATE FUNCTION join_run(
  p_run runs, p_content text, p_language text, p_metadata jsonb, p_key text, p_hash text
) RETURNS TABLE (outcome text, run_id bigint, conversation_id bigint, message_id bigint, reply_id bigint, next jsonb,
  ended bigint[]) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_message bigint;
  v_next jsonb;
BEGIN
  INSERT INTO messages (conversation_id, user_id, run_id, content, message_type, status, metadata)
  VALUES (p_run.conversation_id, p_run.user_id, p_run.id, p_content, 'user', 'sent', p_metadata)
  RETURNING id INTO v_message;
  IF p_key IS NOT NULL THEN
    INSERT INTO message_keys (user_id, idempotency_key, request_hash, message_id)
    VALUES (p_run.user_id, p_key, p_hash, v_message);
  END IF;
  -- A later delivery does not tell the question. The first delivery, which tells it, may never have been added.
  PERFORM note_message(p_run.conversation_id, CASE p_run.generation WHEN 1 THEN p_run.message_id ELSE v_message END);
  UPDATE messages SET shown_after = v_message WHERE id = p_run.reply_id;
  UPDATE runs SET joined_ids = joined_ids || v_message, language = coalesce(p_language, language),
    moderation = NULL, context = NULL,
    generation = generation + (status = 'queued')::integer,
    queued_at = CASE WHEN status = 'queued' THEN clock_timestamp() END
  WHERE id = p_run.id
  RETURNING CASE WHEN status = 'queued' THEN jsonb_build_object('run_id', id, 'generation', generation, 'rank', rank) END
  INTO v_next;
  RETURN QUERY SELECT 'accepted', p_run.id, p_run.conversation_id, v_message, p_run.reply_id, v_next, '{}'::bigint[];
END $$;

-- Returns the texts of a question and of the messages that joined it, in order; NULL: none joined.
CREATE OR REPLACE FUNCTION parts_of(p_message bigint, p_joined bigint[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_joined = '{}' THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT array_agg(content ORDER BY id) FROM messages WHERE id = p_message OR id = ANY (p_joined));
END $$;

-- Returns a question as the model was asked it: with the messages that joined it; NULL: there is no such message.
CREATE OR REPLACE FUNCTION question_of(p_message bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT coalesce(array_to_string(parts_of(m.id, r.joined_ids), E'\n\n'), m.content)
    FROM messages m LEFT JOIN runs r ON r.id = m.run_id AND r.message_id = m.id WHERE m.id = p_message);
END $$;

-- Says whether a stage's result, if there is one, is of all messages of a run.
CREATE OR REPLACE FUNCTION is_of_all(p_result jsonb, p_joined bigint[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN p_result IS NULL OR coalesce((p_result ->> 'parts')::integer, 1) = 1 + cardinality(p_joined);
END $$;

-- Decides about the first claim of a run that messages joined. outcome is claim_run's, or NULL: claim it. The caller holds
-- the run's row. 'gone': a newer delivery exists. 'busy': a worker of the previous release asks, which knows no delivery.
-- 'unprepared': a stage of the previous release stored what it made of the first message alone; the stages run again.
CREATE FUNCTION check_joins(p_run runs, p_generation integer)
RETURNS TABLE (outcome text, retry_at timestamptz, next jsonb) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
  IF p_generation IS NULL THEN
    outcome := 'busy';
    retry_at := clock_timestamp() + interval '1 s';
  ELSIF p_generation < p_run.generation THEN
    outcome := 'gone';
  ELSIF NOT (is_of_all(p_run.moderation, p_run.joined_ids) AND is_of_all(p_run.context, p_run.joined_ids)) THEN
    outcome := 'unprepared';
    UPDATE runs SET moderation = NULL, context = NULL, generation = generation + 1, queued_at = clock_timestamp()
    WHERE id = p_run.id
    RETURNING jsonb_build_object('run_id', id, 'generation', generation, 'rank', rank) INTO next;
  END IF;
  RETURN NEXT;
END $$;
