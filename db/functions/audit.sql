-- The chain of the audit log. Each entry's hash covers its content and the previous hash. Whoever edits or
-- removes an entry must rewrite every later one, and the head that an operator noted elsewhere.

DROP FUNCTION IF EXISTS check_audit_chain;

CREATE OR REPLACE FUNCTION audit_genesis() RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT decode(repeat('00', 32), 'hex')
$$;

-- Returns the hash of an entry in its place. Never change what is hashed, or old entries stop verifying; hash a
-- new column only where it is not NULL. Times are microseconds since 1970, whatever the session's time zone.
CREATE OR REPLACE FUNCTION audit_hash(p_prev bytea, p_seq bigint, e audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(p_prev || convert_to(jsonb_build_array(p_seq, e.id, (extract(epoch FROM e.at) * 1000000)::bigint,
    e.actor_id, e.actor_role, e.action, e.target_type, e.target_id, e.subject_id, e.ip, e.request_id, e.details)::text, 'UTF8'))
$$;

-- Gives the entries without a place theirs, and notes the new head. Returns how many. It continues from the noted
-- head and not from the last entry: where somebody removed the last entry, the gap stays. One caller runs at a
-- time; a second one does nothing.
CREATE OR REPLACE FUNCTION chain_audit_log(p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_entry audit_log;
  v_seq bigint;
  v_hash bytea;
  v_count integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('parley.audit')) THEN
    RETURN 0;
  END IF;
  SELECT chain_seq, hash INTO v_seq, v_hash FROM audit_heads ORDER BY chain_seq DESC LIMIT 1;
  v_seq := coalesce(v_seq, 0);
  v_hash := coalesce(v_hash, audit_genesis());
  FOR v_entry IN SELECT * FROM audit_log WHERE chain_seq IS NULL ORDER BY id LIMIT p_limit LOOP
    v_seq := v_seq + 1;
    UPDATE audit_log SET chain_seq = v_seq, prev_hash = v_hash, hash = audit_hash(v_hash, v_seq, v_entry)
    WHERE id = v_entry.id RETURNING hash INTO v_hash;
    v_count := v_count + 1;
  END LOOP;
  IF v_count > 0 THEN
    INSERT INTO audit_heads (chain_seq, hash) VALUES (v_seq, v_hash);
  END IF;
  RETURN v_count;
END $$;

-- Checks the chain from a place whose hash is known. fault names the fault at the place last_seq; NULL: the
-- checked entries are sound.
CREATE OR REPLACE FUNCTION check_audit_chain(p_after bigint, p_hash bytea, p_limit integer)
RETURNS TABLE (looked_at integer, last_seq bigint, last_hash bytea, entry_id bigint, fault text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_entry audit_log;
BEGIN
  looked_at := 0;
  last_seq := p_after;
  last_hash := p_hash;
  FOR v_entry IN SELECT * FROM audit_log WHERE chain_seq > p_after ORDER BY chain_seq LIMIT p_limit LOOP
    fault := CASE
      WHEN v_entry.chain_seq <> last_seq + 1 THEN 'removed'
      WHEN v_entry.prev_hash <> last_hash THEN 'edited'
      -- An erasure removed who it was about: its hash is that of the entry before.
      WHEN NOT v_entry.redacted AND v_entry.hash <> audit_hash(last_hash, v_entry.chain_seq, v_entry) THEN 'edited'
    END;
    looked_at := looked_at + 1;
    last_seq := last_seq + 1;
    last_hash := v_entry.hash;
    IF fault IS NOT NULL THEN
      entry_id := CASE fault WHEN 'edited' THEN v_entry.id END;
      EXIT;
    END IF;
  END LOOP;
  RETURN NEXT;
END $$;
