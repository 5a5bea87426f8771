-- Returns the statements that take special rights from the owner, $1, the functions' role,
-- $2, and the gateway's, $3, give the current database to the owner, and give the others
-- what they need in it: privileges that are missing are granted, and all others are
-- revoked from them and from PUBLIC. Other roles, such as one for backups, keep theirs.
-- Any role may read what this reads.
WITH relation AS ( -- what an extension brings belongs to it
  SELECT relname, relkind, relowner, relacl FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
),
object (kind, prefix, target, owner, acl) AS (
  SELECT 'database', '', format('DATABASE %I', datname), datdba, coalesce(datacl, acldefault('d', datdba))
    FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'schema', '', 'SCHEMA public', nspowner, coalesce(nspacl, acldefault('n', nspowner))
    FROM pg_namespace WHERE nspname = 'public'
  UNION ALL
  SELECT CASE WHEN relkind = 'S' THEN 'sequence' WHEN relname IN ('goose_db_version', 'elicitations') THEN relname ELSE 'table' END,
      '', format(CASE relkind WHEN 'S' THEN 'SEQUENCE public.%I' ELSE 'TABLE public.%I' END, relname), relowner,
      coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM relation
  UNION ALL -- what migrations will create
  SELECT kind, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I ', $1::text), target, to_regrole(quote_ident($1)), defaclacl
    FROM (VALUES ('table', 'TABLES', 'r'), ('sequence', 'SEQUENCES', 'S')) AS class (kind, target, type)
    LEFT JOIN pg_default_acl ON defaclrole = to_regrole(quote_ident($1)) AND defaclnamespace = 0 AND defaclobjtype = type::"char"
),
rule (kind, grantee, privileges) AS (VALUES
  ('database', $2::text, '{CONNECT}'::text[]), ('database', $3::text, '{CONNECT}'),
  ('schema', $2, '{USAGE}'), ('schema', $3, '{USAGE}'),
  ('table', $2, '{SELECT,INSERT,UPDATE,DELETE}'),
  ('elicitations', $2, '{SELECT,INSERT,UPDATE,DELETE}'), ('elicitations', $3, '{SELECT,INSERT,UPDATE,DELETE}'),
  ('goose_db_version', $2, '{SELECT}'), -- the applied migrations
  ('sequence', $2, '{USAGE,SELECT}')
),
wanted AS (SELECT prefix, target, grantee, privilege FROM object JOIN rule USING (kind), unnest(privileges) AS privilege),
held AS (
  SELECT DISTINCT prefix, target, coalesce(rolname::text, 'PUBLIC') AS grantee, privilege_type AS privilege
    FROM object, aclexplode(acl) AS a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> owner AND (a.grantee = 0 OR rolname IN ($2, $3))
)
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', rolname)
  FROM pg_roles WHERE rolname IN ($1, $2, $3)
    AND (NOT rolcanlogin OR rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)
UNION ALL -- through a group a role could have any privilege
SELECT format('REVOKE %s FROM %s', roleid::regrole, member::regrole)
  FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = member WHERE rolname IN ($1, $2, $3)
UNION ALL
SELECT format('ALTER DATABASE %I OWNER TO %I', datname, $1)
  FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) <> $1
UNION ALL -- such tables come from dumps restored by hand; migrations could not change them
SELECT format('ALTER TABLE public.%I OWNER TO %I', relname, $1)
  FROM relation WHERE relkind <> 'S' AND pg_get_userbyid(relowner) <> $1
UNION ALL
SELECT format('%s%s %s ON %s %s %s', prefix, CASE WHEN h.target IS NULL THEN 'GRANT' ELSE 'REVOKE' END,
    string_agg(privilege, ', ' ORDER BY privilege), target, CASE WHEN h.target IS NULL THEN 'TO' ELSE 'FROM' END,
    CASE grantee WHEN 'PUBLIC' THEN grantee ELSE quote_ident(grantee) END)
  FROM wanted w FULL JOIN held h USING (prefix, target, grantee, privilege)
  WHERE w.target IS NULL OR h.target IS NULL
  GROUP BY prefix, target, grantee, h.target IS NULL
