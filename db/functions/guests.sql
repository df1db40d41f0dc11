-- How a guest who does not come back is erased: first shut out for good, then removed in small pieces. Each call is one
-- transaction of one guest, so a process that dies in between leaves nothing half done that the next call does not go on with.

-- Shuts a guest out who was not seen for p_days: nobody signs in as it any more, its runs end. Returns the runs that
-- ended here, to be announced; NULL where it was seen, has registered, or is somebody else's at the moment.
CREATE OR REPLACE FUNCTION retire_guest(p_guest bigint, p_days integer) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM users WHERE id = p_guest AND role = 'guest' AND status <> 'deleted' FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND OR EXISTS (SELECT FROM sessions
    WHERE user_id = p_guest AND last_used_at > clock_timestamp() - make_interval(days => p_days)) THEN
    RETURN NULL;
  END IF;
  UPDATE users SET status = 'deleted', updated_at = clock_timestamp() WHERE id = p_guest;
  RETURN shut_out(p_guest);
END $$;

-- Removes up to p_batch messages of a guest that was shut out, with the runs, ratings and vectors that belong to them;
-- when none is left its conversations and then the guest. messages: how many were removed; runs: those whose logs are to go;
-- gone: nothing is left. No row: a run is on or its end is not announced yet, or another process is at it.
CREATE OR REPLACE FUNCTION erase_guest(p_guest bigint, p_batch integer)
RETURNS TABLE (messages integer, runs bigint[], gone boolean) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_messages bigint[];
  v_suggestions bigint[];
BEGIN
  PERFORM FROM users WHERE id = p_guest AND role = 'guest' AND status = 'deleted' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND
    OR EXISTS (SELECT FROM runs WHERE user_id = p_guest AND status IN ('waiting', 'queued'))
    OR EXISTS (SELECT FROM runs WHERE user_id = p_guest AND status IN ('queued', 'in_progress'))
    OR EXISTS (SELECT FROM runs WHERE completed_at IS NOT NULL AND announced_at IS NULL AND user_id = p_guest) THEN
    RETURN;
  END IF;
  v_messages := ARRAY(SELECT id FROM messages WHERE user_id = p_guest ORDER BY id LIMIT p_batch);
  messages := cardinality(v_messages);
  runs := ARRAY(SELECT id FROM runs WHERE message_id = ANY (v_messages)
    UNION SELECT id FROM runs WHERE reply_id = ANY (v_messages));
  v_suggestions := ARRAY(SELECT DISTINCT suggestion_id FROM faq_gaps
    WHERE message_id = ANY (v_messages) AND suggestion_id IS NOT NULL);
  DELETE FROM messages WHERE id = ANY (v_messages);
  PERFORM forget_faq_gaps_of(v_suggestions);

  gone := false;
  IF messages < p_batch THEN
    DELETE FROM conversations WHERE id IN (SELECT id FROM conversations WHERE user_id = p_guest LIMIT p_batch);
    IF NOT EXISTS (SELECT FROM conversations WHERE user_id = p_guest) THEN
      DELETE FROM users WHERE id = p_guest;
      gone := true;
    END IF;
  END IF;
  RETURN NEXT;
END $$;

-- Removes suggestions that no question is left of. The others lose a vector that was made of a question that is gone.
CREATE OR REPLACE FUNCTION forget_faq_gaps_of(p_suggestions bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  DELETE FROM faq_suggestions s WHERE id = ANY (p_suggestions)
    AND NOT EXISTS (SELECT FROM faq_gaps WHERE suggestion_id = s.id);
  UPDATE faq_suggestions s SET embedding = left_over.embedding
  FROM (SELECT DISTINCT ON (suggestion_id) suggestion_id, embedding FROM faq_gaps
    WHERE suggestion_id = ANY (p_suggestions) AND embedding IS NOT NULL ORDER BY suggestion_id, message_id) AS left_over
  WHERE s.id = left_over.suggestion_id
    AND NOT EXISTS (SELECT FROM faq_gaps WHERE suggestion_id = s.id AND embedding = s.embedding);
END $$;
