-- The chain of the audit log. Each entry's hash covers its content and the previous hash. Whoever edits or
-- removes an entry must rewrite every later one, and the head that an operator noted elsewhere.

DROP FUNCTION IF EXISTS check_audit_chain;

CREATE OR REPLACE FUNCTION audit_genesis() RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT decode(repeat('00', 32), 'hex')
$$;

-- Returns the network of an address: /24 of IPv4, /48 of IPv6. An address that is cut already stays. NULL: the text is not an
-- address.
CREATE OR REPLACE FUNCTION cut_ip(p_ip text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN CAST(network(set_masklen(CAST(p_ip AS inet), CASE family(CAST(p_ip AS inet)) WHEN 4 THEN 24 ELSE 48 END)) AS text);
EXCEPTION WHEN invalid_text_representation THEN
  RETURN NULL;
END $$;

-- Returns the salted hash of a personal part. Never change what is hashed, or old entries stop verifying. Of the address it
-- covers the network, so that the rest can go.
CREATE OR REPLACE FUNCTION audit_part_hash(p audit_parts) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(jsonb_build_array(p.salt, p.kind, p.person_id, cut_ip(p.ip), p.request_id, p.target_id, p.details,
    p.field)::text, 'UTF8'))
$$;

-- Adds an entry. Who it is about goes into parts beside the chain, one for each person, so that the erasure of one leaves the
-- others'. What an editor did to an FAQ stays in the entry. Returns the entry's id.
CREATE OR REPLACE FUNCTION add_audit_entry(p_actor bigint, p_actor_role text, p_action text, p_target_type text, p_target bigint,
  p_subject bigint, p_ip text, p_request_id text, p_details jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c_people CONSTANT text[] := '{actor_id,subject_id,agent_id,user_id}';
  v_of_people CONSTANT boolean := p_subject IS NOT NULL OR p_target_type IN ('user', 'session', 'conversation', 'message', 'run');
  v_details jsonb := coalesce(p_details, '{}');
  v_parts audit_parts[] := '{}';
  v_part audit_parts;
  v_none audit_parts;
  v_field text;
  v_person bigint;
  v_id bigint;
BEGIN
  IF jsonb_typeof(v_details -> 'ids') = 'array' AND p_action = 'user.listed' THEN
    FOR v_person IN SELECT jsonb_array_elements(v_details -> 'ids')::bigint LOOP
      v_part := v_none;
      v_part.kind := 'named';
      v_part.person_id := v_person;
      v_part.field := 'ids';
      v_parts := v_parts || v_part;
    END LOOP;
    v_details := v_details - 'ids';
  END IF;
  FOREACH v_field IN ARRAY c_people LOOP
    IF jsonb_typeof(v_details -> v_field) = 'number' THEN
      v_part := v_none;
      v_part.kind := 'named';
      v_part.person_id := (v_details ->> v_field)::bigint;
      v_part.field := v_field;
      v_parts := v_parts || v_part;
      v_details := v_details - v_field;
    END IF;
  END LOOP;
  IF p_actor IS NOT NULL OR (NOT v_of_people AND (p_ip IS NOT NULL OR p_request_id IS NOT NULL)) THEN
    v_part := v_none;
    v_part.kind := 'actor';
    v_part.person_id := p_actor;
    v_part.ip := p_ip;
    v_part.request_id := p_request_id;
    v_parts := v_parts || v_part;
  END IF;
  IF v_of_people THEN
    v_part := v_none;
    v_part.kind := 'subject';
    v_part.person_id := p_subject;
    v_part.target_id := p_target;
    v_part.details := v_details;
    -- Nobody proved who they are, so the address belongs to the account that was tried.
    IF p_actor IS NULL THEN
      v_part.ip := p_ip;
      v_part.request_id := p_request_id;
    END IF;
    v_parts := v_parts || v_part;
    v_details := '{}';
  END IF;
  FOR i IN 1 .. cardinality(v_parts) LOOP
    v_parts[i].id := gen_random_uuid();
    v_parts[i].salt := gen_random_uuid();
  END LOOP;
  INSERT INTO audit_log (actor_role, action, target_type, target_id, details, parts, part_hashes)
  VALUES (p_actor_role, p_action, p_target_type, CASE WHEN NOT v_of_people THEN p_target END, v_details,
    ARRAY(SELECT part.id FROM unnest(v_parts) WITH ORDINALITY AS part ORDER BY part.ordinality),
    ARRAY(SELECT audit_part_hash(v_parts[i]) FROM generate_subscripts(v_parts, 1) AS i ORDER BY i))
  RETURNING id INTO v_id;
  INSERT INTO audit_parts (id, entry_id, kind, person_id, ip, request_id, target_id, details, field, salt)
  SELECT part.id, v_id, part.kind, part.person_id, part.ip, part.request_id, part.target_id, part.details, part.field, part.salt
  FROM unnest(v_parts) AS part;
  RETURN v_id;
END $$;

-- Returns the hash of an entry in its place. Never change what is hashed, or old entries stop verifying; hash a
-- new column only where it is not NULL. Times are microseconds since 1970, whatever the session's time zone.
CREATE OR REPLACE FUNCTION audit_hash(p_prev bytea, p_seq bigint, e audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(p_prev || convert_to((jsonb_build_array(p_seq, e.id, (extract(epoch FROM e.at) * 1000000)::bigint,
    e.actor_id, e.actor_role, e.action, e.target_type, e.target_id, e.subject_id, e.ip, e.request_id, e.details)
    || CASE WHEN e.parts = '{}' THEN '[]' ELSE jsonb_build_array(e.parts, e.part_hashes) END)::text, 'UTF8'))
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
-- checked entries are sound. removed with an entry_id: of that entry, a part is gone that no erasure removed.
CREATE OR REPLACE FUNCTION check_audit_chain(p_after bigint, p_hash bytea, p_limit integer)
RETURNS TABLE (looked_at integer, last_seq bigint, last_hash bytea, entry_id bigint, fault text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_entry audit_log;
  -- Keys are the parts that erasures say they removed; read where the first part is missing.
  v_erased jsonb;
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
      -- A part that is there must be the one that was written.
      WHEN v_entry.parts <> '{}' AND EXISTS (SELECT FROM audit_parts p WHERE p.entry_id = v_entry.id
        AND v_entry.part_hashes[array_position(v_entry.parts, p.id)] IS DISTINCT FROM audit_part_hash(p)) THEN 'edited'
    END;
    -- A missing part was erased if an entry of the erasure names it; otherwise somebody removed it.
    IF fault IS NULL AND cardinality(v_entry.parts) > (SELECT count(*) FROM audit_parts p
        WHERE p.entry_id = v_entry.id AND p.id = ANY (v_entry.parts)) THEN
      v_erased := coalesce(v_erased, (SELECT jsonb_object_agg(part, 1) FROM audit_log e
        CROSS JOIN LATERAL jsonb_array_elements_text(e.details -> 'parts') AS part WHERE e.action = 'audit.parts_erased'), '{}');
      IF EXISTS (SELECT FROM unnest(v_entry.parts) AS part WHERE v_erased ->> part::text IS NULL
          AND NOT EXISTS (SELECT FROM audit_parts p WHERE p.id = part)) THEN
        fault := 'removed';
        entry_id := v_entry.id;
        looked_at := looked_at + 1;
        last_seq := last_seq + 1;
        last_hash := v_entry.hash;
        EXIT;
      END IF;
    END IF;
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

-- Returns the last of the first p_limit entries, in the order of the chain, that are all older than p_days. No row: the first
-- is not.
CREATE OR REPLACE FUNCTION old_audit_entries(p_days integer, p_limit integer)
RETURNS TABLE (chain_seq bigint, hash bytea) LANGUAGE sql STABLE AS $$
  SELECT seen.chain_seq, seen.hash FROM (
    SELECT oldest.chain_seq, oldest.hash, bool_and(oldest.at < now() - make_interval(days => p_days)) OVER (ORDER BY oldest.chain_seq) AS old
    FROM (SELECT e.chain_seq, e.hash, e.at FROM audit_log e WHERE e.chain_seq IS NOT NULL ORDER BY e.chain_seq LIMIT p_limit) AS oldest) AS seen
  WHERE seen.old ORDER BY seen.chain_seq DESC LIMIT 1
$$;

-- Deletes the entries up to a place, and lets the chain begin after it. The anchor is what a verification then begins with.
-- Returns how many entries; 0: another process was there.
CREATE OR REPLACE FUNCTION anchor_audit_log(p_seq bigint, p_hash bytea, p_key bigint, p_signature text)
RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_count integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('parley.audit'))
    OR NOT EXISTS (SELECT FROM audit_log WHERE chain_seq = p_seq AND hash = p_hash) THEN
    RETURN 0;
  END IF;
  PERFORM set_config('parley.retaining', 'on', true);
  INSERT INTO audit_anchors (chain_seq, hash, key_id, signature) VALUES (p_seq, p_hash, p_key, p_signature);
  DELETE FROM audit_anchors WHERE chain_seq < p_seq;
  DELETE FROM audit_parts WHERE entry_id IN (SELECT id FROM audit_log WHERE chain_seq <= p_seq);
  DELETE FROM audit_log WHERE chain_seq <= p_seq;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  DELETE FROM audit_heads h WHERE h.chain_seq < p_seq AND EXISTS (SELECT FROM audit_heads WHERE chain_seq > h.chain_seq);
  PERFORM set_config('parley.retaining', 'off', true);
  RETURN v_count;
END $$;
