-- Budgets of a day. A run reserves its share before its model is called. The transaction that ends the run books what it used,
-- so it is booked once. A later attempt's share replaces an earlier one's: nobody knows what a crashed attempt cost, and the
-- run's row counts only the last attempt.

-- Reserves a share for a run that the caller holds. No row: the fence is lost. p_completion: the most tokens that the answer
-- wants. Limits (NULL: none) and the prices of a token are in one unit. granted: the tokens that the answer may have; 0:
-- nothing is left. told: the day just reached four fifths of its limit. Administrators are notified of that; a user is notified
-- of the user's own budget. waits: other runs have reserved what this run wants and may not use all of it, so nothing is
-- granted yet. p_waits false: the run takes what is left.
DROP FUNCTION IF EXISTS budget_reserve;
CREATE FUNCTION budget_reserve(p_run bigint, p_attempt integer, p_prompt integer, p_completion integer,
  p_price_in double precision, p_price_out double precision, p_day_limit bigint, p_user_limit bigint, p_waits boolean DEFAULT false)
RETURNS TABLE (granted integer, told boolean, waits boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_run runs;
  v_today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  v_prompt CONSTANT bigint := ceil(p_prompt * p_price_in);
  v_left bigint;
  v_share bigint;
BEGIN
  SELECT * INTO v_run FROM runs WHERE id = p_run AND attempt = p_attempt AND status = 'in_progress' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM budget_add(v_run.reserved_on, v_run.user_id, -coalesce(v_run.reserved, 0));
  PERFORM budget_add(v_today, v_run.user_id, 0);
  -- budget_add has locked both rows: nobody else reserves meanwhile.
  -- Compares what was used before this run, because one answer may reserve most of a user's day.
  UPDATE budget_user_days d SET told = true
  WHERE d.day = v_today AND d.user_id = v_run.user_id AND NOT d.told AND d.amount >= 0.8 * p_user_limit;
  IF FOUND THEN
    PERFORM owe_notification('user_budget_warning', v_run.user_id);
  END IF;
  SELECT least(p_day_limit - (SELECT amount FROM budget_days WHERE day = v_today),
    p_user_limit - (SELECT amount FROM budget_user_days WHERE day = v_today AND user_id = v_run.user_id)) INTO v_left;
  granted := CASE WHEN v_left IS NULL THEN p_completion WHEN v_left <= v_prompt THEN 0 WHEN p_price_out <= 0 THEN p_completion
    ELSE least(p_completion, floor((v_left - v_prompt) / p_price_out)) END;
  waits := false;
  IF p_waits AND granted < p_completion THEN
    waits := greatest(v_left, v_prompt) < least(
      p_day_limit - (SELECT amount FROM budget_days WHERE day = v_today) + budget_held(v_today, NULL, p_run),
      p_user_limit - (SELECT amount FROM budget_user_days WHERE day = v_today AND user_id = v_run.user_id)
        + budget_held(v_today, v_run.user_id, p_run));
    granted := CASE WHEN waits THEN 0 ELSE granted END;
  END IF;
  v_share := CASE WHEN granted > 0 THEN v_prompt + ceil(granted * p_price_out) ELSE 0 END;
  UPDATE runs SET reserved = v_share, reserved_on = v_today, price_in = p_price_in, price_out = p_price_out WHERE id = p_run;
  PERFORM budget_add(v_today, v_run.user_id, v_share);
  UPDATE budget_days d SET told = true WHERE d.day = v_today AND NOT d.told AND d.amount >= 0.8 * p_day_limit;
  told := FOUND;
  IF told THEN
    PERFORM owe_notification('budget_warning', admin.id) FROM (
      SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id LIMIT 100) AS admin;
  END IF;
  RETURN NEXT;
END $$;

-- Returns what open runs of a user, or of all users (NULL), have reserved of a day. Leaves out one run.
CREATE OR REPLACE FUNCTION budget_held(p_day date, p_user bigint, p_but bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(reserved), 0)::bigint FROM runs WHERE status IN ('queued', 'in_progress') AND reserved_on = p_day
    AND id IS DISTINCT FROM p_but AND (p_user IS NULL OR user_id = p_user)
$$;

-- Adds an amount to what was used of a day, first for all users and then for one. Locks both rows in this order.
CREATE OR REPLACE FUNCTION budget_add(p_day date, p_user bigint, p_amount bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF p_day IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO budget_days AS known (day, amount) VALUES (p_day, p_amount)
  ON CONFLICT (day) DO UPDATE SET amount = known.amount + excluded.amount;
  INSERT INTO budget_user_days AS known (day, user_id, amount) VALUES (p_day, p_user, p_amount)
  ON CONFLICT (user_id, day) DO UPDATE SET amount = known.amount + excluded.amount;
END $$;

-- Puts what a run used in place of what it reserved.
CREATE OR REPLACE FUNCTION budget_settle() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM budget_add(NEW.reserved_on, NEW.user_id, ceil(coalesce(NEW.prompt_tokens, 0) * NEW.price_in
    + coalesce(NEW.completion_tokens, 0) * NEW.price_out)::bigint - NEW.reserved);
  RETURN NULL;
END $$;
