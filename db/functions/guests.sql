-- Erases guests who do not come back: first shuts a guest out, then removes its rows in batches. Each call is one
-- transaction for one guest. After a crash, the next call continues.

-- Shuts out a guest not seen for p_days: ends its sessions and runs. Returns the runs that ended here, which the caller
-- announces; NULL if the guest was seen, has registered, or is locked by another transaction.
CREATE OR REPLACE FUNCTION retire_guest(p_guest bigint, p_days integer) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_ended bigint[];
BEGIN
  PERFORM FROM users WHERE id = p_guest AND role = 'guest' AND status <> 'deleted' FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND OR EXISTS (SELECT FROM sessions
    WHERE user_id = p_guest AND last_used_at > clock_timestamp() - make_interval(days => p_days)) THEN
    RETURN NULL;
  END IF;
  UPDATE users SET status = 'deleted', updated_at = clock_timestamp() WHERE id = p_guest;
  v_ended := shut_out(p_guest);
  PERFORM close_conversations_of(p_guest);
  RETURN v_ended;
END $$;

-- Removes up to p_batch messages of a guest that was shut out, with their runs, ratings and vectors. Without messages
-- left, removes the conversations and then the guest. messages: number of removed messages; runs: runs whose logs to
-- delete; gone: whether the guest is erased. No row: a run is not ended and announced, or another process has the guest.
CREATE OR REPLACE FUNCTION erase_guest(p_guest bigint, p_batch integer)
RETURNS TABLE (messages integer, runs bigint[], gone boolean) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_messages bigint[];
BEGIN
  IF NOT holds_for_erasure(p_guest) OR NOT EXISTS (SELECT FROM users WHERE id = p_guest AND role = 'guest') THEN
    RETURN;
  END IF;
  v_messages := ARRAY(SELECT id FROM messages WHERE user_id = p_guest ORDER BY id LIMIT p_batch);
  messages := cardinality(v_messages);
  runs := ARRAY(SELECT id FROM runs WHERE message_id = ANY (v_messages)
    UNION SELECT id FROM runs WHERE reply_id = ANY (v_messages));
  PERFORM delete_messages(v_messages);

  gone := false;
  IF messages < p_batch THEN
    DELETE FROM conversations WHERE id IN (SELECT id FROM conversations WHERE user_id = p_guest LIMIT p_batch);
    IF NOT EXISTS (SELECT FROM conversations WHERE user_id = p_guest) THEN
      PERFORM redact_audit_of(p_guest);
      DELETE FROM users WHERE id = p_guest;
      gone := true;
    END IF;
  END IF;
  RETURN NEXT;
END $$;

-- Locks an account that was shut out, until the transaction ends. Returns false where another process has it, or where a run of
-- it is not ended and announced. NO KEY: who holds a conversation of the user may refer to the user, and would wait for us
-- while we wait for the conversation.
CREATE OR REPLACE FUNCTION holds_for_erasure(p_user bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM users WHERE id = p_user AND status = 'deleted' FOR NO KEY UPDATE SKIP LOCKED;
  RETURN FOUND
    AND NOT EXISTS (SELECT FROM runs WHERE user_id = p_user AND status IN ('waiting', 'queued'))
    AND NOT EXISTS (SELECT FROM runs WHERE user_id = p_user AND status IN ('queued', 'in_progress'))
    AND NOT EXISTS (SELECT FROM runs WHERE completed_at IS NOT NULL AND announced_at IS NULL AND user_id = p_user);
END $$;

-- Deletes messages with their runs, ratings and vectors, and what suggestions and drafts hold of them. Returns how many drafts.
CREATE OR REPLACE FUNCTION delete_messages(p_messages bigint[]) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_suggestions CONSTANT bigint[] := ARRAY(SELECT DISTINCT suggestion_id FROM faq_gaps
    WHERE message_id = ANY (p_messages) AND suggestion_id IS NOT NULL);
BEGIN
  DELETE FROM messages WHERE id = ANY (p_messages);
  PERFORM forget_faq_gaps_of(v_suggestions);
  RETURN forget_drafts_of(p_messages);
END $$;

-- Removes suggestions without questions. Replaces other suggestions' vectors that came from a removed question.
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

-- Takes the words of removed messages out of drafts whose question nobody has reworded. Returns how many drafts. A published
-- FAQ stays, because its editor answers for it.
CREATE OR REPLACE FUNCTION forget_drafts_of(p_messages bigint[]) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_drafts bigint[] := ARRAY(SELECT id FROM faqs WHERE from_message_id = ANY (p_messages) AND status = 'draft');
BEGIN
  UPDATE faqs SET question = 'The question was erased.', slug = 'erased-' || id, updated_at = clock_timestamp(),
    question_embedding = NULL, question_embedding_model = NULL, question_text_hash = NULL
  WHERE id = ANY (v_drafts);
  DELETE FROM faq_vectors WHERE faq_id = ANY (v_drafts) AND part = 'question';
  UPDATE faqs SET from_message_id = NULL WHERE from_message_id = ANY (p_messages);
  RETURN cardinality(v_drafts);
END $$;
