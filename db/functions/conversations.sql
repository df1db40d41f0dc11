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
  PERFORM note_news(p_conversation, NULL) FROM conversations WHERE id = p_conversation AND status IN ('waiting', 'agent');
  UPDATE conversations SET deleted_at = clock_timestamp(), updated_at = clock_timestamp(), is_active = false
  WHERE id = p_conversation;
  RETURN NEXT;
END $$;
