-- Questions over three places (a, b, c), each run whole and as pieces plus residual: the rows must be equal.
-- Tables: a.person(id, name, town, age), a.visit(person_id, day, cost), b.firm(id, name, town, owner),
-- b.permit(firm_id, day, kind), c.town(code, name, area), c.note(person_id, firm_id, text).
SELECT p.id AS id, t.name AS town FROM a.person AS p JOIN c.town AS t ON t.code = p.town;
SELECT p.name AS n, v.cost AS c, t.area AS area FROM a.person p JOIN a.visit v ON v.person_id = p.id JOIN c.town t ON t.code = p.town WHERE v.cost > 10 AND t.area > 2;
SELECT t.code AS code, count(*) AS n, sum(v.cost) AS cost FROM c.town t LEFT JOIN a.person p ON p.town = t.code LEFT JOIN a.visit v ON v.person_id = p.id GROUP BY t.code;
SELECT p.id AS id, v.day AS day, f.name AS firm FROM a.person p LEFT JOIN a.visit v ON v.person_id = p.id AND v.cost > 20 LEFT JOIN b.firm f ON f.owner = p.id AND f.town = '3' WHERE p.age > 30;
SELECT p.id AS id, f.id AS fid FROM a.person p FULL JOIN b.firm f ON f.owner = p.id WHERE p.age IS NULL OR p.age > 40;
SELECT p.id AS id, f.id AS fid FROM a.person p RIGHT JOIN b.firm f ON f.owner = p.id AND p.age > 40;
SELECT p.id AS id FROM a.person p WHERE EXISTS (SELECT 1 AS x FROM a.visit v WHERE v.person_id = p.id AND v.cost > 30) AND p.town IN (SELECT t.code AS code FROM c.town t WHERE t.area > 2);
SELECT p.id AS id FROM a.person p WHERE NOT EXISTS (SELECT 1 AS x FROM b.firm f WHERE f.owner = p.id AND f.town = p.town);
SELECT p.id AS id FROM a.person p WHERE p.town NOT IN (SELECT f.town AS town FROM b.firm f);
SELECT p.id AS id, (SELECT max(v.cost) AS m FROM a.visit v WHERE v.person_id = p.id) AS m, (SELECT count(*) AS k FROM b.firm f WHERE f.owner = p.id) AS k FROM a.person p;
SELECT x.town AS town, x.n AS n, t.name AS name FROM (SELECT p.town AS town, count(*) AS n FROM a.person p GROUP BY p.town) AS x JOIN c.town t ON t.code = x.town ORDER BY x.n DESC, t.name LIMIT 3;
WITH rich AS (SELECT v.person_id AS person_id, sum(v.cost) AS cost FROM a.visit v GROUP BY v.person_id) SELECT r.person_id AS id, r.cost AS cost, f.name AS firm FROM rich r LEFT JOIN b.firm f ON f.owner = r.person_id WHERE r.cost = (SELECT max(s.cost) AS m FROM rich s);
WITH both_ AS (SELECT p.id AS id, f.id AS fid FROM a.person p JOIN b.firm f ON f.owner = p.id), again AS (SELECT b.id AS id FROM both_ b WHERE b.fid > 2) SELECT a2.id AS id FROM again a2 UNION ALL SELECT p.id AS id FROM a.person p WHERE p.id IN (SELECT b.id AS id FROM both_ b);
SELECT p.town AS town FROM a.person p UNION SELECT f.town AS town FROM b.firm f ORDER BY town LIMIT 4;
SELECT p.town AS town FROM a.person p INTERSECT SELECT f.town AS town FROM b.firm f;
SELECT p.town AS town FROM a.person p EXCEPT SELECT t.code AS code FROM c.town t;
SELECT p.id AS id, row_number() OVER (PARTITION BY p.town ORDER BY p.age DESC, p.id) AS r, t.name AS name FROM a.person p JOIN c.town t ON t.code = p.town QUALIFY row_number() OVER (PARTITION BY p.town ORDER BY p.age DESC, p.id) <= 2;
SELECT p.town AS town, f.town AS ftown, count(DISTINCT p.id) AS n FROM a.person p, b.firm f WHERE p.id = f.owner GROUP BY ROLLUP (p.town, f.town);
SELECT p.id AS id FROM a.person p SEMI JOIN b.firm f ON f.owner = p.id;
SELECT p.id AS id FROM a.person p ANTI JOIN a.visit v ON v.person_id = p.id AND v.cost > 10 JOIN c.town t ON t.code = p.town;
SELECT p.id AS id, q.id AS other, t.name AS name FROM a.person p JOIN a.person q ON q.town = p.town AND q.id > p.id JOIN c.town t ON t.code = q.town;
SELECT n.text AS text, p.name AS person, f.name AS firm FROM c.note n LEFT JOIN a.person p ON p.id = n.person_id LEFT JOIN b.firm f ON f.id = n.firm_id WHERE coalesce(p.town, f.town) = '1';
SELECT count(*) AS n FROM a.person p CROSS JOIN c.town t;
SELECT p.id AS id FROM a.person p WHERE p.age > (SELECT avg(q.age) AS m FROM a.person q WHERE q.town = p.town) AND EXISTS (SELECT 1 AS x FROM c.note n WHERE n.person_id = p.id);
SELECT p.id AS id FROM a.person p JOIN b.firm f ON f.owner = p.id WHERE p.age > 20 OR f.town = '1';
SELECT p.id AS id, l.k AS k FROM a.person p, LATERAL (SELECT count(*) AS k FROM b.firm f WHERE f.owner = p.id) AS l;
SELECT p.id AS id, f.name AS name FROM a.person p LEFT JOIN (b.firm f JOIN b.permit m ON m.firm_id = f.id) ON f.owner = p.id;
SELECT p.id AS id, k.kind AS kind FROM a.person p LEFT JOIN (SELECT f.owner AS owner, m.kind AS kind FROM b.firm f JOIN b.permit m ON m.firm_id = f.id WHERE m.kind <> 'x') AS k ON k.owner = p.id AND k.kind > 'a';
SELECT 1 AS one;
SELECT p.id AS id FROM a.person p WHERE p.name LIKE '%张%' ORDER BY p.id DESC LIMIT 2;
-- A WITH name that nobody reads is not asked for, as DuckDB does not look into it.
WITH unread AS (SELECT CAST('x' AS INTEGER) AS n FROM b.firm f) SELECT p.id AS id, t.name AS name FROM a.person p JOIN c.town t ON t.code = p.town;
-- An output that nobody reads is not computed.
WITH r AS (SELECT p.id AS id, CAST(p.name AS INTEGER) AS never FROM a.person p) SELECT r.id AS id, f.name AS name FROM r JOIN b.firm f ON f.owner = r.id;
-- A column of NULLs has no type until it meets another.
SELECT x.id AS id, coalesce(x.nothing, m.day) AS day FROM (SELECT p.id AS id, NULL AS nothing FROM a.person p) AS x JOIN b.permit m ON m.firm_id = x.id;
SELECT NULL AS day FROM a.person p UNION ALL SELECT m.day AS day FROM b.permit m;
WITH x AS (SELECT p.id AS id, NULL AS nothing FROM a.person p) SELECT x.id AS id, coalesce(x.nothing, m.day) AS day FROM x JOIN b.permit m ON m.firm_id = x.id;
