-- Lists the schema auth, one line an object, in the words of the .txt files beside this one.
SELECT format('column %s %s %s %s%s%s', c.relname,
		lpad((row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum))::text, 2, '0'), a.attname, format_type(a.atttypid, a.atttypmod),
		CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ' default ' || pg_get_expr(d.adbin, d.adrelid))
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
	WHERE c.relnamespace = 'auth'::regnamespace AND c.relkind = 'r'
UNION ALL SELECT format('column comment %s %s', c.relname, d.objsubid)
	FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid > 0
	WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('constraint %s %s %s', c.relname, x.conname, pg_get_constraintdef(x.oid))
	FROM pg_class c JOIN pg_constraint x ON x.conrelid = c.oid AND x.contype <> 'n' WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('index %s %s %s', c.relname, i.relname, CASE WHEN x.indisunique THEN 'unique ' ELSE '' END ||
		substring(pg_get_indexdef(i.oid) FROM ' USING (.*)$'))
	FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('trigger %s %s %s', c.relname, t.tgname,
		regexp_replace(substring(pg_get_triggerdef(t.oid) FROM '((?:BEFORE|AFTER).*)$'), ' ON auth\.\w+ ', ' '))
	FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE c.relnamespace = 'auth'::regnamespace
UNION ALL SELECT format('function %s(%s) %s %s %s%s', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), l.lanname,
		CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END, CASE WHEN p.proisstrict THEN ' strict' ELSE '' END)
	FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'auth'::regnamespace
UNION ALL SELECT format('domain %s %s %s', t.typname, format_type(t.typbasetype, t.typtypmod), x.conname)
	FROM pg_type t JOIN pg_constraint x ON x.contypid = t.oid WHERE t.typnamespace = 'auth'::regnamespace AND t.typtype = 'd'
UNION ALL SELECT format('enum %s', t.typname) FROM pg_type t WHERE t.typnamespace = 'auth'::regnamespace AND t.typtype = 'e'
UNION ALL SELECT format('comment %s', c.relname) FROM pg_class c
	WHERE c.relnamespace = 'auth'::regnamespace AND obj_description(c.oid, 'pg_class') IS NOT NULL
UNION ALL SELECT 'row roles ' || role FROM auth.roles
UNION ALL SELECT 'row providers ' || id FROM auth.providers
UNION ALL SELECT format('row refresh_token_types %s %s', value, comment) FROM auth.refresh_token_types
