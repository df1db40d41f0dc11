-- Deletes a user's conversation: nobody finds it or its runs any more. Idle runs end here; a running one is flagged and
-- its worker ends it. Returns the ended runs, which the caller announces. No row: the user has no such conversation.
CREATE OR REPLACE FUNCTION delete_conversation(p_conversation bigint, p_user bigint)
RETURNS TABLE (ended bigint[]) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM conversations WHERE id = p_conversation AND user_id = p_user AND deleted_at IS NULL
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  ended := cancel_runs_of(p_conversation);
  PERFORM close_conversation(p_conversation, 'deleted');
  UPDATE conversations SET deleted_at = clock_timestamp(), updated_at = clock_timestamp(), is_active = false
  WHERE id = p_conversation;
  RETURN NEXT;
END $$;

-- Archives a user's conversation, which then no longer waits for a person. Its runs go on. Returns false where nothing changed.
CREATE OR REPLACE FUNCTION archive_conversation(p_conversation bigint, p_user bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM conversations WHERE id = p_conversation AND user_id = p_user AND deleted_at IS NULL AND NOT is_archived
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE conversations SET is_archived = true, updated_at = clock_timestamp() WHERE id = p_conversation;
  PERFORM close_conversation(p_conversation, 'archived');
  RETURN true;
END $$;

-- Closes the conversations of an account that is shut out for good, so that no agent answers somebody who is gone. The
-- caller holds the account's row.
CREATE OR REPLACE FUNCTION close_conversations_of(p_user bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM close_conversation(held.id, 'erased') FROM (SELECT id FROM conversations
    WHERE user_id = p_user AND status IN ('waiting', 'agent') AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE) AS held;
END $$;
