-- Cancels every run of a user: waiting and queued ones end here, running ones are flagged and their workers end them.
-- Returns the ended ones, to be announced. The caller holds the user's row, without which nobody can add a run
-- (accept_message).
CREATE OR REPLACE FUNCTION cancel_runs_of_user(p_user bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation bigint;
  v_ended bigint[] := '{}';
BEGIN
  -- All of them first, conversations and then runs, each in order: heartbeats lock runs of many conversations at once.
  PERFORM FROM conversations WHERE id IN (SELECT conversation_id FROM runs
    WHERE user_id = p_user AND status IN ('waiting', 'queued', 'in_progress')) ORDER BY id FOR NO KEY UPDATE;
  PERFORM FROM runs WHERE user_id = p_user AND status IN ('waiting', 'queued', 'in_progress') ORDER BY id FOR UPDATE;
  FOR v_conversation IN
    SELECT DISTINCT conversation_id FROM runs
    WHERE user_id = p_user AND status IN ('waiting', 'queued', 'in_progress') ORDER BY conversation_id
  LOOP
    v_ended := v_ended || cancel_runs_of(v_conversation);
  END LOOP;
  RETURN v_ended;
END $$;

-- What a suspension does beyond the status: ends a user's sign-ins and cancels their runs. Returns and locks as
-- cancel_runs_of_user.
CREATE OR REPLACE FUNCTION shut_out(p_user bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = p_user AND revoked_at IS NULL;
  RETURN cancel_runs_of_user(p_user);
END $$;
