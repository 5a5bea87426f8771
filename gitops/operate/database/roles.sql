-- Returns the statements that set the limits of the roles of an environment, and let the
-- administrator act as the owner. $1 is the owner, $2 the functions' role, $3 the
-- gateway's; $4 and $5 are the connections that the latter two may open.
--
-- Limits and timeouts are settings of the role, which hold even behind a pooler that
-- drops the settings of a connection. A statement of a function that takes longer than
-- 5 s would outlast its caller; migrations may take 15 min, and two runs of them at once
-- need no more than 10 connections. Other settings stay: an operator may have added them.
WITH wanted (name, connections, settings) AS (VALUES
  ($1::text, 10, ARRAY['statement_timeout=15min', 'idle_in_transaction_session_timeout=5min']),
  ($2::text, $4::int, ARRAY['statement_timeout=5s', 'lock_timeout=3s', 'idle_in_transaction_session_timeout=1min']),
  ($3::text, $5::int, ARRAY['statement_timeout=5s', 'lock_timeout=3s', 'idle_in_transaction_session_timeout=1min'])),
role AS (SELECT * FROM wanted JOIN pg_roles ON rolname = name)
SELECT format('ALTER ROLE %I CONNECTION LIMIT %s', name, connections) FROM role WHERE rolconnlimit <> connections
UNION ALL
SELECT format('ALTER ROLE %I SET %s = %L', name, split_part(setting, '=', 1), split_part(setting, '=', 2))
  FROM role, unnest(settings) AS setting
  WHERE NOT EXISTS (SELECT FROM pg_db_role_setting s WHERE s.setrole = role.oid AND s.setdatabase = 0 AND setting = ANY (s.setconfig))
UNION ALL -- the administrator acts as the owner; since PostgreSQL 16 a member may lack the right to
SELECT format('GRANT %I TO %I', name, current_user)
  FROM role WHERE name = $1 AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = role.oid AND m.member = current_user::regrole
      AND coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))
