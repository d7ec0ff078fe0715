-- The tables of every conformance department, in the SQL that PostgreSQL, MariaDB (with ANSI quotes), SQLite and
-- DuckDB all read. 内部评级 is published by nobody; 封存 marks the rows that every row filter hides.
CREATE TABLE "人员" (
  "编号" INTEGER PRIMARY KEY,
  "姓名" VARCHAR(60),
  "性别" VARCHAR(4),
  "出生日期" DATE,
  "镇" VARCHAR(30),
  "身份证号" VARCHAR(40),
  "手机" VARCHAR(30),
  "年收入" DECIMAL(12,2),
  "备注" VARCHAR(120),
  "级别" INTEGER,
  "到访" VARCHAR(40),
  "封存" INTEGER,
  "内部评级" VARCHAR(60)
);
CREATE TABLE "支付" (
  "流水号" INTEGER PRIMARY KEY,
  "人员编号" INTEGER,
  "金额" DECIMAL(12,2),
  "类别" VARCHAR(30),
  "支付日" DATE,
  "附言" VARCHAR(60)
);
CREATE TABLE "机密台账" ("编号" INTEGER PRIMARY KEY, "内容" VARCHAR(60));
CREATE TABLE "来访" ("编号" INTEGER PRIMARY KEY, "人员编号" INTEGER, "事由" VARCHAR(60));
CREATE TABLE "人员登记信息汇总台账二零二六年度第一批次核" ("编号" INTEGER PRIMARY KEY, "内容" VARCHAR(60));
CREATE VIEW "视图人员" AS SELECT "编号", "姓名", "内部评级" FROM "人员";
