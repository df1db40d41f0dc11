-- Events for other systems, and their delivery. Triggers (db/migrations/055_webhook_triggers.ts) call emit() in the
-- transaction of the act. Their functions name their search path, because a restore and an operator's session may have another.

DROP FUNCTION IF EXISTS claim_webhook_delivery, record_webhook_try;

-- Owes an event to every enabled endpoint that wants its type. Returns how many. p_data holds ids, no texts.
CREATE OR REPLACE FUNCTION emit(p_type text, p_data jsonb) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_count integer;
BEGIN
  -- Usually no endpoint wants the event, and planning an INSERT takes longer than looking.
  IF NOT EXISTS (SELECT FROM webhooks WHERE enabled AND p_type = ANY (events)) THEN
    RETURN 0;
  END IF;
  INSERT INTO webhook_deliveries (webhook_id, type, data)
  SELECT id, p_type, p_data FROM webhooks WHERE enabled AND p_type = ANY (events);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

CREATE OR REPLACE FUNCTION emit_message() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit('message.created', jsonb_build_object('message_id', NEW.id, 'conversation_id', NEW.conversation_id,
    'user_id', NEW.user_id, 'run_id', NEW.run_id, 'message_type', NEW.message_type));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION emit_run() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit(CASE NEW.status WHEN 'failed' THEN 'run.failed' WHEN 'cancelled' THEN 'run.cancelled' ELSE 'run.completed' END,
    jsonb_build_object('run_id', NEW.id, 'conversation_id', NEW.conversation_id, 'user_id', NEW.user_id,
      'message_id', NEW.message_id, 'reply_id', NEW.reply_id, 'status', NEW.status, 'finish_reason', NEW.finish_reason,
      'error_code', NEW.error_code));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION emit_conversation() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit(CASE NEW.status WHEN 'waiting' THEN 'conversation.handoff' ELSE 'conversation.resolved' END,
    jsonb_build_object('conversation_id', NEW.id, 'user_id', NEW.user_id, 'agent_id', coalesce(NEW.agent_id, OLD.agent_id)));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION emit_message_feedback() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit('feedback.created', jsonb_build_object('message_id', NEW.message_id, 'conversation_id', NEW.conversation_id,
    'user_id', NEW.user_id, 'rating', NEW.rating));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION emit_faq_feedback() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit('feedback.created', jsonb_build_object('faq_id', NEW.faq_id, 'user_id', NEW.user_id,
    'rating', CASE WHEN NEW.helpful THEN 'up' ELSE 'down' END));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION emit_faq() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit('faq.published', jsonb_build_object('faq_id', NEW.id, 'category_id', NEW.category_id, 'language', NEW.language));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION emit_user() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM emit('user.created', jsonb_build_object('user_id', NEW.id, 'role', NEW.role, 'language', NEW.language));
  RETURN NULL;
END $$;

-- Forgets the user's deliveries, sent or not: other systems hear of the erasure instead.
CREATE OR REPLACE FUNCTION emit_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM webhook_deliveries WHERE data ->> 'user_id' = CAST(OLD.id AS text);
  PERFORM emit('user.erased', jsonb_build_object('user_id', OLD.id));
  RETURN NULL;
END $$;

-- Claims the delivery of an endpoint that is due for longest. The claim makes it due again after p_lease_ms, in case that its
-- worker dies. No row: nothing is due. secrets: sealed, the newest first.
CREATE OR REPLACE FUNCTION claim_webhook_delivery(p_webhook bigint, p_lease_ms integer)
RETURNS TABLE (id bigint, webhook_id bigint, attempt integer, message_id text, type text, data jsonb, created_at timestamptz,
  url text, include_content boolean, secrets text[]) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  v_delivery webhook_deliveries;
BEGIN
  UPDATE webhook_deliveries SET attempts = attempts + 1, step = step + 1, last_attempt_at = clock_timestamp(),
    not_before = clock_timestamp() + p_lease_ms * interval '1 ms'
  WHERE id = (SELECT id FROM webhook_deliveries
    WHERE webhook_id = p_webhook AND status = 'pending' AND not_before <= statement_timestamp()
      AND NOT EXISTS (SELECT FROM webhooks WHERE id = p_webhook AND paused_until > clock_timestamp())
    ORDER BY not_before LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING * INTO v_delivery;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT v_delivery.id, w.id, v_delivery.attempts, v_delivery.message_id, v_delivery.type, v_delivery.data,
    v_delivery.created_at, w.url, w.include_content,
    ARRAY(SELECT s.sealed FROM webhook_secrets s
      WHERE s.webhook_id = w.id AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp()) ORDER BY s.id DESC)
  FROM webhooks w WHERE w.id = p_webhook;
  -- The endpoint was deleted meanwhile.
  IF NOT FOUND THEN
    DELETE FROM webhook_deliveries WHERE id = v_delivery.id;
  END IF;
END $$;

-- Notes how a try ended. Does nothing when there is a newer try, or when the delivery has ended. A failure is tried again for
-- 24 h: after 5 s, 30 s, 2 min, 10 min, 1 h, 2 h, 4 h and then every 8 h. Each wait is up to a fifth longer by chance. An
-- endpoint that answers 410, or that has failed for three days without a success, is switched off. Returns why it was switched
-- off here, else NULL. p_retry_after_s: for how long the endpoint asks to be left alone. Nothing is sent to it so long.
DROP FUNCTION IF EXISTS record_webhook_try(bigint, integer, integer, text, text, integer);
CREATE OR REPLACE FUNCTION record_webhook_try(p_delivery bigint, p_attempt integer, p_status integer, p_response text,
  p_error text, p_duration_ms integer, p_retry_after_s integer DEFAULT NULL) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c_delays CONSTANT integer[] := ARRAY[5, 30, 120, 600, 3600, 7200, 14400, 28800];
  v_delivered CONSTANT boolean := coalesce(p_status BETWEEN 200 AND 299, false);
  v_webhook webhooks;
  v_delivery webhook_deliveries;
  v_reason text;
  v_next timestamptz;
BEGIN
  SELECT * INTO v_delivery FROM webhook_deliveries WHERE id = p_delivery;
  -- Locks the endpoint before its deliveries, as everywhere.
  SELECT * INTO v_webhook FROM webhooks WHERE id = v_delivery.webhook_id FOR NO KEY UPDATE;
  SELECT * INTO v_delivery FROM webhook_deliveries
  WHERE id = p_delivery AND attempts = p_attempt AND status = 'pending' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;

  v_next := clock_timestamp()
    + greatest(c_delays[least(v_delivery.step, cardinality(c_delays))], coalesce(p_retry_after_s, 0)) * (1 + random() * 0.2)
      * interval '1 second';
  UPDATE webhook_deliveries SET response_status = p_status, response = p_response, error = p_error, duration_ms = p_duration_ms,
    status = CASE WHEN v_delivered THEN 'delivered'
      WHEN v_next > give_up_at OR NOT coalesce(v_webhook.enabled, false) THEN 'failed' ELSE 'pending' END,
    completed_at = CASE WHEN v_delivered OR v_next > give_up_at OR NOT coalesce(v_webhook.enabled, false)
      THEN clock_timestamp() END,
    not_before = v_next
  WHERE id = p_delivery;

  PERFORM forget_erased_in(v_delivery.webhook_id, p_delivery);
  IF v_delivered THEN
    UPDATE webhooks SET failing_since = NULL WHERE id = v_webhook.id AND failing_since IS NOT NULL;
    RETURN NULL;
  END IF;
  UPDATE webhooks SET failing_since = clock_timestamp() WHERE id = v_webhook.id AND failing_since IS NULL;
  UPDATE webhooks SET paused_until = clock_timestamp() + p_retry_after_s * interval '1 second'
  WHERE id = v_webhook.id AND p_retry_after_s IS NOT NULL;
  v_reason := CASE WHEN p_status = 410 THEN 'gone'
    WHEN v_webhook.failing_since < clock_timestamp() - interval '3 days' THEN 'dead' END;
  IF v_reason IS NULL OR NOT v_webhook.enabled THEN
    RETURN NULL;
  END IF;
  PERFORM switch_webhook_off(v_webhook.id, v_reason);
  PERFORM add_audit_entry(NULL, NULL, 'webhook.switched_off', 'webhook', v_webhook.id, NULL, NULL, NULL,
    jsonb_build_object('reason', v_reason, 'delivery_id', p_delivery));
  -- Its owner is told, or all administrators where the owner is gone or no administrator any more.
  PERFORM owe_notification('webhook_disabled', u.id, jsonb_build_object('webhook_id', v_webhook.id)) FROM users u
  WHERE u.role = 'admin' AND u.status = 'active' AND (u.id = v_webhook.created_by
    OR NOT EXISTS (SELECT FROM users WHERE id = v_webhook.created_by AND role = 'admin' AND status = 'active'));
  RETURN v_reason;
END $$;

-- Switches an endpoint off, and gives up what is owed to it. p_reason NULL: an administrator did it.
CREATE OR REPLACE FUNCTION switch_webhook_off(p_webhook bigint, p_reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE webhooks SET enabled = false, disabled_reason = p_reason, disabled_at = clock_timestamp(),
    updated_at = clock_timestamp()
  WHERE id = p_webhook;
  UPDATE webhook_deliveries SET status = 'failed', completed_at = clock_timestamp(), error = coalesce(error, 'switched_off')
  WHERE webhook_id = p_webhook AND status = 'pending';
  PERFORM forget_erased_in(p_webhook, NULL);
END $$;

-- Forgets which account an ended delivery of `user.erased` told of: the receiver knows now, or never will. p_delivery NULL: all
-- of the endpoint. Such a delivery cannot be sent again.
CREATE OR REPLACE FUNCTION forget_erased_in(p_webhook bigint, p_delivery bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE webhook_deliveries SET data = '{}', response = NULL
  WHERE webhook_id = p_webhook AND (p_delivery IS NULL OR id = p_delivery) AND type = 'user.erased' AND status <> 'pending'
    AND data <> '{}';
END $$;
