-- Which grant governs: asked by `clerk` for `statistics`, to whom the clinic and both towns give two grants each.
-- Under the first, a column that the second shows is hidden.

-- the first grant governs
SELECT * FROM clinic.patient;
SELECT sex, born FROM clinic.patient;
SELECT sex, count(*) AS n FROM clinic.patient GROUP BY ALL;
SELECT count(*) AS n FROM clinic.patient;
SELECT EXISTS (SELECT * FROM clinic.patient) AS e;
SELECT * EXCLUDE (born) FROM clinic.patient;
SELECT * REPLACE (1 AS born) FROM clinic.patient;
SELECT a.* FROM clinic.patient AS a JOIN clinic.patient AS b USING (sex);
SELECT x.born FROM (SELECT * FROM clinic.patient) AS x WHERE x.sex = '男';

-- the second governs, because of a column anywhere in the question
SELECT born, cost FROM clinic.patient;
SELECT born FROM clinic.patient WHERE cost > 0;
SELECT born FROM clinic.patient ORDER BY cost, born;
SELECT born, count(name) OVER () AS n FROM clinic.patient;
SELECT born FROM clinic.patient GROUP BY born HAVING max(cost) > 0;
SELECT a.born, b.cost FROM clinic.patient AS a JOIN clinic.patient AS b ON a.sex = b.sex;
SELECT born FROM clinic.patient UNION ALL SELECT born FROM clinic.patient WHERE name LIKE '张%';
SELECT b.id FROM bureau.benefit AS b WHERE EXISTS (SELECT 1 FROM clinic.patient AS p WHERE p.name LIKE '张%');
SELECT b.id, (SELECT max(p.born) FROM clinic.patient AS p WHERE left(p.name, 1) = left(b.name, 1)) AS born FROM bureau.benefit AS b;

-- and then a star is its columns
SELECT * FROM clinic.patient WHERE cost >= 0;
SELECT *, cost AS again FROM clinic.patient;
SELECT p.* FROM clinic.patient AS p ORDER BY p.cost;
WITH p AS (SELECT * FROM clinic.patient) SELECT cost FROM p;
WITH p AS (SELECT * FROM clinic.patient), q AS (SELECT cost FROM clinic.patient) SELECT p.* FROM p, q;

-- a federated table: each member by its own grant, one by its first and the other by its second
SELECT * FROM district.resident;
SELECT kind, town FROM district.resident;
SELECT name, kind, town FROM district.resident;
SELECT id, kind FROM district.resident;
SELECT * FROM district.resident WHERE id > 0;
SELECT r.name FROM district.resident AS r ANTI JOIN clinic.patient AS p ON p.name = r.name;

-- a name means what it means over all that the caller may see, not what the first grant leaves of it
SELECT b.id FROM bureau.benefit AS b WHERE EXISTS (SELECT 1 FROM clinic.patient AS p WHERE b.name LIKE '张%');
SELECT b.name, p.name AS patient FROM bureau.benefit AS b LEFT JOIN clinic.patient AS p ON left(p.name, 1) = left(b.name, 1);
