-- Erases accounts: shuts an account out at once, then removes what is its in batches. Each call is one transaction for one
-- account. After a crash, the next call continues.

DROP FUNCTION IF EXISTS begin_erasure, erase_account;

-- Shuts an account out and enters its erasure in the ledger. Returns its receipt, which an earlier request may have made, and the
-- runs that ended here, which the caller announces. No row: no such account. last_admin: nothing changed, because nobody else
-- could administer.
CREATE FUNCTION begin_erasure(p_user bigint, p_receipt text, p_reason text)
RETURNS TABLE (receipt text, ended bigint[], last_admin boolean) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_user users;
BEGIN
  -- Of two administrators who leave at once, the second sees that the first has left.
  PERFORM FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id FOR NO KEY UPDATE;
  -- NO KEY: a run that ends holds its conversation and refers to its user, in a notification.
  SELECT * INTO v_user FROM users WHERE id = p_user FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  ended := '{}';
  last_admin := v_user.role = 'admin' AND v_user.status = 'active'
    AND NOT EXISTS (SELECT FROM users WHERE role = 'admin' AND status = 'active' AND id <> p_user);
  SELECT receipt INTO receipt FROM erasures WHERE user_id = p_user AND status = 'erasing';
  IF NOT FOUND AND NOT last_admin THEN
    receipt := p_receipt;
    UPDATE users SET status = 'deleted', updated_at = clock_timestamp() WHERE id = p_user;
    INSERT INTO erasures AS ledger (receipt, pseudonym, user_id, reason) VALUES (p_receipt, v_user.pseudonym, p_user, p_reason)
    ON CONFLICT (receipt) DO UPDATE SET user_id = p_user, status = 'erasing', completed_at = NULL, signature = NULL
      WHERE ledger.pseudonym = v_user.pseudonym;
    ended := shut_out(p_user);
    PERFORM close_conversations_of(p_user);
  END IF;
  RETURN NEXT;
END $$;

-- Adds counts by table to others.
CREATE OR REPLACE FUNCTION add_counts(p_one jsonb, p_other jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(key, total), '{}') FROM (
    SELECT key, sum(value::bigint) AS total FROM (
      SELECT * FROM jsonb_each_text(p_one) UNION ALL SELECT * FROM jsonb_each_text(p_other)) AS both_of_them
    GROUP BY key) AS sums);
END $$;

-- Removes from the audit log who an account was; that something happened stays. Parts beside the chain are deleted. Entries
-- from before there were parts are blanked, and keep their stored hash. Returns how many entries.
CREATE OR REPLACE FUNCTION redact_audit_of(p_user bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_count integer;
  v_more integer;
  v_parts integer;
  v_gone uuid[];
BEGIN
  PERFORM set_config('parley.erasing', 'on', true);
  UPDATE audit_log SET redacted = true, details = '{}', request_id = NULL,
    ip = CASE WHEN actor_id = p_user OR actor_id IS NULL THEN NULL ELSE ip END,
    actor_id = nullif(actor_id, p_user), subject_id = nullif(subject_id, p_user),
    target_id = CASE WHEN target_type = 'user' AND target_id = p_user THEN NULL ELSE target_id END
  WHERE actor_id = p_user OR subject_id = p_user;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  UPDATE audit_log SET redacted = true, details = jsonb_set(details, '{ids}',
    (SELECT coalesce(jsonb_agg(one), '[]') FROM jsonb_array_elements(details -> 'ids') AS one WHERE one <> to_jsonb(p_user)))
  WHERE action = 'user.listed' AND details -> 'ids' @> to_jsonb(p_user);
  GET DIAGNOSTICS v_more = ROW_COUNT;
  WITH gone AS (DELETE FROM audit_parts WHERE person_id = p_user RETURNING id, entry_id)
  SELECT count(DISTINCT entry_id), array_agg(id ORDER BY id) INTO v_parts, v_gone FROM gone;
  -- The chain names the parts that an erasure removed. Verification reports any other missing part.
  FOR i IN 0 .. (coalesce(cardinality(v_gone), 0) - 1) / 1000 LOOP
    EXIT WHEN v_gone IS NULL;
    PERFORM add_audit_entry(NULL, NULL, 'audit.parts_erased', 'audit', NULL, NULL, NULL, NULL,
      jsonb_build_object('parts', to_jsonb(v_gone[i * 1000 + 1 : (i + 1) * 1000])));
  END LOOP;
  PERFORM set_config('parley.erasing', 'off', true);
  RETURN v_count + v_more + v_parts;
END $$;

-- Counts the rows of an account in each of p_tables ({table: column of the account's id}). What goes with another row, such as a
-- token with its session, is in no count of a DELETE.
CREATE OR REPLACE FUNCTION rows_of_account(p_user bigint, p_tables jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_counts jsonb := '{}';
  v_table text;
  v_column text;
  v_count bigint;
BEGIN
  FOR v_table, v_column IN SELECT * FROM jsonb_each_text(p_tables) LOOP
    EXECUTE format('SELECT count(*) FROM %I WHERE %I = $1', v_table, v_column) INTO v_count USING p_user;
    v_counts := v_counts || jsonb_build_object(v_table, v_count);
  END LOOP;
  RETURN v_counts;
END $$;

-- Takes counts by table from others.
CREATE OR REPLACE FUNCTION counts_less(p_more jsonb, p_less jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN (SELECT coalesce(jsonb_object_agg(key, greatest(value::bigint - (p_less ->> key)::bigint, 0)), '{}')
    FROM jsonb_each_text(p_more));
END $$;

-- Removes up to p_batch messages of an account that is being erased, with their runs, ratings and vectors; without messages left,
-- its conversations; then the rows of p_tables ({table: column of the account's id}) and the account itself. The ledger notes
-- what went in the same transaction. gone: nothing is left. No row: a run is not ended and announced, or another process has it.
CREATE FUNCTION erase_account(p_user bigint, p_batch integer, p_tables jsonb)
RETURNS TABLE (gone boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_messages bigint[];
  v_conversations bigint[];
  v_deliveries text[];
  v_erased jsonb := '{}';
  v_before jsonb;
  v_table text;
  v_column text;
BEGIN
  IF NOT holds_for_erasure(p_user) THEN
    RETURN;
  END IF;
  v_before := rows_of_account(p_user, p_tables);
  v_messages := ARRAY(SELECT id FROM messages WHERE user_id = p_user ORDER BY id LIMIT p_batch);
  v_deliveries := ARRAY(SELECT id || '-' || generation FROM runs WHERE message_id = ANY (v_messages)
    UNION SELECT id || '-' || generation FROM runs WHERE reply_id = ANY (v_messages));
  v_erased := jsonb_build_object('messages', cardinality(v_messages), 'runs', cardinality(v_deliveries),
    'message_feedback', (SELECT count(*) FROM message_feedback WHERE message_id = ANY (v_messages)),
    'faq_gaps', (SELECT count(*) FROM faq_gaps WHERE message_id = ANY (v_messages)),
    'replays', (SELECT count(*) FROM replays WHERE run_id IN
      (SELECT id FROM runs WHERE message_id = ANY (v_messages) OR reply_id = ANY (v_messages))));
  v_erased := v_erased || jsonb_build_object('faqs', delete_messages(v_messages));

  gone := false;
  IF cardinality(v_messages) < p_batch THEN
    v_conversations := ARRAY(SELECT id FROM conversations WHERE user_id = p_user LIMIT p_batch);
    v_erased := v_erased || jsonb_build_object('conversations', cardinality(v_conversations),
      'conversation_notes', (SELECT count(*) FROM conversation_notes WHERE conversation_id = ANY (v_conversations)),
      'conversation_ratings', (SELECT count(*) FROM conversation_ratings WHERE conversation_id = ANY (v_conversations)),
      'conversation_summaries', (SELECT count(*) FROM conversation_summaries WHERE conversation_id = ANY (v_conversations)),
      'episodes', (SELECT count(*) FROM episodes WHERE conversation_id = ANY (v_conversations)));
    DELETE FROM conversations WHERE id = ANY (v_conversations);
    gone := NOT EXISTS (SELECT FROM conversations WHERE user_id = p_user);
  END IF;
  IF gone THEN
    FOR v_table, v_column IN SELECT * FROM jsonb_each_text(p_tables) LOOP
      EXECUTE format('DELETE FROM %I WHERE %I = $1', v_table, v_column) USING p_user;
    END LOOP;
    v_erased := v_erased || jsonb_build_object('audit_log', redact_audit_of(p_user), 'users', 1);
    -- Without the user: the row is deleted once the mail is sent.
    PERFORM owe_notification('account_erased', NULL, jsonb_build_object('address', email, 'language', language))
    FROM users WHERE id = p_user AND email IS NOT NULL;
    DELETE FROM users WHERE id = p_user;
  END IF;
  v_erased := v_erased || counts_less(v_before, rows_of_account(p_user, p_tables));
  UPDATE erasures SET erased = add_counts(erased, v_erased), deliveries = deliveries || v_deliveries
  WHERE user_id = p_user AND status = 'erasing';
  RETURN NEXT;
END $$;
