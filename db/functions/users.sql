-- Cancels every run of a user. Waiting and queued ones end here; running ones are flagged and their workers end
-- them. Returns the ended runs, which the caller announces. The caller holds the user's row: without it nobody
-- can add a run (accept_message).
CREATE OR REPLACE FUNCTION cancel_runs_of_user(p_user bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_conversation bigint;
  v_ended bigint[] := '{}';
BEGIN
  -- Locks all conversations first and then all runs, each in the order of ids: heartbeats lock runs of many
  -- conversations at once.
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

-- Ends a suspended user's sessions and cancels their runs. Returns and locks like cancel_runs_of_user.
CREATE OR REPLACE FUNCTION shut_out(p_user bigint) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = p_user AND revoked_at IS NULL;
  RETURN cancel_runs_of_user(p_user);
END $$;
