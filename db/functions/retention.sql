-- Deletes messages because of their age, in small batches.

-- Deletes up to about p_batch messages that are older than p_days, with their runs, ratings and vectors. Also deletes
-- conversations of that age that are empty then. A conversation that somebody holds waits, and so does a run that is not ended
-- and announced. What people noted, and a summary of what goes, go too. Returns how many messages and conversations.
CREATE OR REPLACE FUNCTION delete_old_messages(p_days integer, p_batch integer, OUT messages integer, OUT conversations integer)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_before CONSTANT timestamptz := now() - make_interval(days => p_days);
  v_conversations bigint[];
  v_messages bigint[];
BEGIN
  -- Every conversation begins with a user's message; what others said after the last of them goes with the conversation.
  v_conversations := ARRAY(SELECT c.id FROM conversations c WHERE c.id IN (
      SELECT m.conversation_id FROM messages m WHERE m.message_type = 'user' AND m.created_at < v_before
      ORDER BY m.created_at LIMIT p_batch)
    ORDER BY c.id FOR NO KEY UPDATE SKIP LOCKED);
  v_conversations := v_conversations || ARRAY(SELECT c.id FROM conversations c
    WHERE c.created_at < v_before AND coalesce(c.last_message_at, c.created_at) < v_before AND c.id <> ALL (v_conversations)
    ORDER BY c.created_at LIMIT p_batch FOR NO KEY UPDATE SKIP LOCKED);
  v_messages := ARRAY(SELECT m.id FROM messages m
    WHERE m.conversation_id = ANY (v_conversations) AND m.created_at < v_before
      AND NOT EXISTS (SELECT FROM runs r WHERE r.conversation_id = m.conversation_id
        AND (r.completed_at IS NULL OR r.announced_at IS NULL) AND (r.message_id = m.id OR r.reply_id = m.id))
    ORDER BY m.created_at, m.id LIMIT p_batch);
  DELETE FROM conversation_summaries s USING messages m
  WHERE m.id = ANY (v_messages) AND s.conversation_id = m.conversation_id AND s.up_to_id >= m.id;
  DELETE FROM conversation_notes WHERE id IN (SELECT id FROM conversation_notes WHERE created_at < v_before
    ORDER BY created_at LIMIT p_batch FOR UPDATE SKIP LOCKED);
  -- What became of them, all at once: the messages' trigger would ask for each conversation.
  UPDATE conversations c SET fate = jsonb_build_object('answered', known.answered, 'rated', known.rated)
  FROM analytics_conversations(ARRAY(SELECT DISTINCT m.conversation_id FROM messages m JOIN conversations o ON o.id = m.conversation_id
    WHERE m.id = ANY (v_messages) AND o.fate IS NULL)) AS known WHERE c.id = known.id;
  PERFORM delete_messages(v_messages);
  messages := cardinality(v_messages);
  DELETE FROM conversations c WHERE c.id = ANY (v_conversations) AND coalesce(c.last_message_at, c.created_at) < v_before
    AND NOT EXISTS (SELECT FROM messages WHERE conversation_id = c.id);
  GET DIAGNOSTICS conversations = ROW_COUNT;
END $$;

-- Cuts the addresses of up to p_batch sessions, and as many parts of audit entries, that are older than p_days. Returns how many.
CREATE OR REPLACE FUNCTION cut_old_addresses(p_days integer, p_batch integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_before CONSTANT timestamptz := now() - make_interval(days => p_days);
  v_sessions integer;
  v_parts integer;
BEGIN
  UPDATE sessions SET ip = cut_ip(ip) WHERE id IN (SELECT id FROM sessions WHERE ip NOT LIKE '%/%' AND created_at < v_before
    ORDER BY created_at LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_sessions = ROW_COUNT;
  UPDATE audit_parts SET ip = coalesce(cut_ip(ip), '/') WHERE id IN (SELECT id FROM audit_parts WHERE ip NOT LIKE '%/%' AND at < v_before
    ORDER BY at LIMIT p_batch FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS v_parts = ROW_COUNT;
  RETURN greatest(v_sessions, v_parts);
END $$;
