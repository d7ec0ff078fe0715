from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from policies.department import Department, PublishedColumn, load_department, validate_department

Write = Callable[..., Path]
LoadError = Callable[..., ConfigurationError]


def test_department_yaml_is_read_as_documented(health: Department) -> None:
    assert (health.name, health.title) == ("health", "卫生健康局")
    assert health.source.connector == "postgresql"
    assert health.source.uri == "postgresql://localhost/health"
    patients = health.tables["patients"]
    assert patients.physical == ("public", "t_hzjbxx")
    assert (patients.sharing, patients.grade, patients.entity) == ("conditional", "important", "person_id")
    assert patients.column("person_id") == PublishedColumn(
        "person_id", "sfzh", type="VARCHAR", title="公民身份号码", element="person.citizen_number"
    )
    assert patients.column("sex") == PublishedColumn("sex", "xb", codes={"1": "male", "2": "female"})
    assert patients.column("born") == PublishedColumn("born", None, expr="CAST(csrq AS DATE)")
    assert patients.column("town_code") == PublishedColumn("town_code", "town_code", type="VARCHAR")
    assert patients.column("phone") is None


def test_a_table_without_columns_publishes_every_physical_one_under_its_own_name(health: Department) -> None:
    clinics = health.tables["诊所"]
    assert clinics.columns is None
    assert clinics.column("名称") == PublishedColumn("名称", "名称")


def test_a_table_without_a_policy_file_loads_and_has_no_policy(health: Department) -> None:
    assert "诊所" not in health.policies


def test_the_source_uri_is_not_printed(health: Department) -> None:
    assert "localhost" not in repr(health)


def test_the_digest_follows_the_policies_and_not_their_tests(write_department: Write) -> None:
    directory = write_department()
    first = load_department(directory, {}).digest
    (directory / "policies" / "patients_test.yaml").write_text("table: patients\n")
    assert load_department(directory, {}).digest == first
    policy = directory / "policies" / "patients.yaml"
    policy.write_text(policy.read_text("utf-8") + "# a comment\n", "utf-8")
    changed = load_department(directory, {})
    assert changed.digest != first
    assert len(changed.policies["patients"].digest) == 64


def test_a_quoted_physical_name_may_hold_dots(write_department: Write) -> None:
    text = r"""
    name: health
    source: {connector: duckdb, uri: "data.duckdb"}
    tables:
      a: {from: 'main."rows.2026".x'}
      b: {from: "\"say \"\"hi\"\"\""}
      c:
    """
    department = load_department(write_department(text, None), {})
    assert department.tables["a"].physical == ("main", "rows.2026", "x")
    assert department.tables["b"].physical == ('say "hi"',)
    assert department.tables["c"].physical == ("c",)


def _with(line: str, of: str = "      cost:") -> str:
    """A department.yaml whose line 12 is `line`."""
    return f"""\
name: health
source: {{connector: sqlite, uri: health.sqlite}}
tables:
  patients:
    from: t_hzjbxx
    columns:
      a: {{type: VARCHAR}}
      b: {{type: VARCHAR}}
      c: {{type: VARCHAR}}
      d: {{type: VARCHAR}}
      e: {{type: VARCHAR}}
{line}
"""


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("      f: {form: sfzh}", "CONFIG_INVALID", "`form` is not a key here; did you mean `from`?"),
        ("      f: {type: MONEY}", "CONFIG_INVALID", "MONEY is not one that Comity carries"),
        ("      f: {type: 12}", "CONFIG_INVALID", "`type` must be text, not a number"),
        ("      f: {from: x, expr: y}", "CONFIG_INVALID", "give from or expr, not both"),
        ("      f: {codes: {}}", "CONFIG_INVALID", "codes is empty"),
        ("      f: {codes: {1: 2}}", "CONFIG_INVALID", "must be text, not a number (put it in quotes)"),
        ("      f: {codes: {1: x}, type: INTEGER}", "CONFIG_INVALID", "codes publish text"),
        ("      f: {expr: 'count(*)'}", "CONFIG_INVALID", "`f`: "),
        ("      f: {expr: '(SELECT 1)'}", "CONFIG_INVALID", "`f`: "),
        ("      f: {expr: 'a +'}", "CONFIG_INVALID", "`f`: "),
        ("      f: {expr: t.a}", "CONFIG_INVALID", "write a physical column's name alone"),
        ("      f: {title: }", "CONFIG_INVALID", "`title` has no value"),
        ("      A: {type: VARCHAR}", "CONFIG_INVALID", "`a` and `A` differ only in letter case"),
        ("      f g: {type: VARCHAR}", "CONFIG_INVALID", "cannot be a published name"),
        ("      1f: {type: VARCHAR}", "CONFIG_INVALID", "cannot be a published name"),
        ("      'f\"': {type: VARCHAR}", "CONFIG_INVALID", "cannot be a published name"),
        (f"      {'人' * 22}: {{type: VARCHAR}}", "CONFIG_INVALID", "longer than 63 bytes"),
        ("    entity: person", "CONFIG_REFERENCE", "`person` is not a published column of patients"),
        ("    sharing: none", "CONFIG_INVALID", "must cite its law in legal_basis"),
        ("    sharing: sometimes", "CONFIG_INVALID", "`sometimes` is not a value of `sharing`"),
        ("    grade: importent", "CONFIG_INVALID", "did you mean `important`?"),
        ("  visits_test: {from: x}", "CONFIG_INVALID", "names that end in _test"),
        ("  PATIENTS: {from: x}", "CONFIG_INVALID", "differ only in letter case"),
        ("  visits: {from: a.b.c.d}", "CONFIG_INVALID", "is not a table's name"),
        ("  visits: {from: 'a..b'}", "CONFIG_INVALID", "is not a table's name"),
        ("  visits: {columns: {}}", "CONFIG_INVALID", "columns is empty"),
        ("titel: x", "CONFIG_INVALID", "did you mean `title`?"),
        ("password: x", "CONFIG_SECRET", "a secret never stands in a file"),
    ],
)
def test_what_department_yaml_may_not_say(load_error: LoadError, line: str, code: str, says: str) -> None:
    error = load_error(_with(line), None)
    assert error.code == code, error.message
    assert says in error.message
    # A rule about a whole table points at the table.
    assert "department.yaml:12: " in error.message or "department.yaml:4: " in error.message


@pytest.mark.parametrize("key", ["password", "db_password", "token", "api-key", "Secret"])
def test_a_key_that_would_hold_a_secret_is_refused_in_the_source(load_error: LoadError, key: str) -> None:
    text = f"name: health\nsource:\n  connector: mysql\n  uri: mysql://db/h\n  {key}: hunter2\ntables: {{}}\n"
    error = load_error(text, None)
    assert error.code == "CONFIG_SECRET"
    assert "department.yaml:5: " in error.message
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("missing", ["name", "source", "tables"])
def test_what_department_yaml_must_say(load_error: LoadError, missing: str) -> None:
    parts = {"name": "name: health", "source": "source: {connector: a, uri: b}", "tables": "tables: {}"}
    text = "\n".join(line for key, line in parts.items() if key != missing)
    assert f"`{missing}` is missing" in load_error(text, None).message


def test_a_directory_without_department_yaml_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_department(tmp_path, {})
    assert caught.value.code == "CONFIG_MISSING"


def test_a_policy_for_a_table_that_is_not_published_is_an_error(load_error: LoadError) -> None:
    error = load_error(patient="table: patient\ngrants: []\n")
    assert error.code == "CONFIG_REFERENCE"
    assert "patient.yaml: is a policy for a table that health does not publish; did you mean `patients`?" in (
        error.message
    )


@pytest.mark.parametrize("name", ["patients.yml", "patients.yaml.bak", "notes.txt"])
def test_a_file_that_nobody_would_apply_is_an_error(write_department: Write, name: str) -> None:
    directory = write_department()
    (directory / "policies" / name).write_text("table: patients\ngrants: []\n")
    with pytest.raises(ConfigurationError, match="is not a policy"):
        load_department(directory, {})


def test_a_purpose_or_department_that_does_not_exist_is_named_with_its_line(write_department: Write) -> None:
    department = load_department(write_department(), {})
    validate_department(department, ["benefit_review"], ["health", "civil_affairs"])
    validate_department(department, None, None)
    with pytest.raises(ConfigurationError) as caught:
        validate_department(department, ["benefit_reviews", "statistics"], ["civil_affairs"])
    assert caught.value.code == "CONFIG_REFERENCE"
    assert "patients.yaml:6: there is no purpose `benefit_review` in this federation" in caught.value.message
    assert "did you mean `benefit_reviews`?" in caught.value.message
    with pytest.raises(ConfigurationError) as caught:
        validate_department(department, ["benefit_review"], [])
    assert "patients.yaml:5: there is no department `civil_affairs`" in caught.value.message


def test_a_department_that_only_a_join_rule_names_must_exist(write_department: Write) -> None:
    policy = """\
table: patients
grants:
  - id: g
    reason: r
    principals: {roles: [a]}
    purposes: [p]
    joins:
      required: [civil.benefit, "town_*.resident"]
    columns: {name: {use: [read]}}
"""
    department = load_department(write_department(policy=policy), {})
    validate_department(department, {"p"}, {"civil"})
    with pytest.raises(ConfigurationError, match=r"patients.yaml:8: there is no department `civil`"):
        validate_department(department, {"p"}, {"health"})


def test_a_table_in_the_catalogue_lists_its_columns(load_error: LoadError) -> None:
    text = """\
name: health
source: {connector: sqlite, uri: x.sqlite}
tables:
  patients: {catalogue: true}
"""
    error = load_error(text, None)
    assert (
        "patients is in the catalogue, so its columns must be listed for everybody to know" in error.message
    )


@pytest.mark.parametrize(
    ("key", "environ", "code"),
    [
        ("hunter2", {}, "CONFIG_SECRET"),
        ("x${TOKEN_KEY}", {"TOKEN_KEY": "k"}, "CONFIG_SECRET"),
        ("${TOKEN_KEY}", {}, "CONFIG_MISSING"),
        ("file:nowhere", {}, "CONFIG_MISSING"),
    ],
)
def test_a_key_for_tokens_stands_in_a_variable_or_a_file(
    write_department: Write, key: str, environ: dict[str, str], code: str
) -> None:
    text = f"""\
name: health
source: {{connector: sqlite, uri: x.sqlite}}
tokens: {{key: "{key}"}}
tables: {{}}
"""
    with pytest.raises(ConfigurationError) as caught:
        load_department(write_department(text, None), environ)
    assert caught.value.code == code
    assert "hunter2" not in caught.value.message
