from __future__ import annotations

import pytest

from lakeshift_jobs import sql


def texts(text: str) -> list[str]:
    return [statement.text for statement in sql.split(text, "file.sql")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1; select 2;", ["select 1", "select 2"]),
        ("select 1", ["select 1"]),
        ("", []),
        (" ;; \n; -- nothing\n", []),
        ("-- why;\nselect ';' -- not; here\n, 2;", ["select ';' -- not; here\n, 2"]),
        ("select 'it''s; so';", ["select 'it''s; so'"]),
        (r"select 'it\'s; so';", [r"select 'it\'s; so'"]),
        ('select "a;""b";', ['select "a;""b"']),
        ("select /* a; /* b; */ c; */ 1;", ["select /* a; /* b; */ c; */ 1"]),
        ("create procedure p() as $$ begin; end; $$ language plpgsql; select 1", None),
        ("create procedure p() as $body$ $$; $body$ language plpgsql; select 1", None),
        ("select a$$ from t; select 1", ["select a$$ from t", "select 1"]),
        ("select $1; select 2", ["select $1", "select 2"]),
        ("select 1;\r\nselect 2;\r\n", ["select 1", "select 2"]),
    ],
)
def test_statements_end_at_semicolons_outside_quotes_and_comments(text: str, expected: list[str] | None) -> None:
    found = texts(text)
    if expected is None:
        assert len(found) == 2 and found[1] == "select 1"
    else:
        assert found == expected


@pytest.mark.parametrize("text", ["select 'a", 'select "a', "select /* a", "do $x$ a $$"])
def test_what_is_not_closed_is_an_error_that_names_the_file(text: str) -> None:
    with pytest.raises(sql.SqlError, match="file.sql"):
        texts(text)


def test_a_statement_says_where_it_stands() -> None:
    statement = sql.split("select 1;\nselect\n  2;", "schema/10_fact.sql")[1]
    assert statement.describe() == "schema/10_fact.sql: statement 2: select 2"


def test_placeholders_are_filled_in() -> None:
    assert sql.render("a ${x} b ${y_z} $x $$", {"x": "1", "y_z": "${x}"}, "f") == "a 1 b ${x} $x $$"


@pytest.mark.parametrize(("text", "message"), [("${nope}", "unknown placeholder"), ("${x", "not closed"), ("${}", "")])
def test_a_wrong_placeholder_is_an_error_that_names_the_file(text: str, message: str) -> None:
    with pytest.raises(sql.SqlError, match=f"f.sql: .*{message}"):
        sql.render(text, {"x": "1"}, "f.sql")


def test_materialized_views_are_found_by_statement_not_by_text() -> None:
    text = """
    -- create materialized view analytics.not_this as
    drop materialized view if exists analytics.monthly;
    CREATE  MATERIALIZED /* here */ VIEW analytics.monthly diststyle all as select 'create materialized view x';
    """
    assert sql.materialized_views(text) == ["analytics.monthly"]


def test_literals_are_quoted() -> None:
    assert sql.quote("it's") == "'it''s'"
    for value in ("a\x00", "a\\"):
        with pytest.raises(sql.SqlError):
            sql.quote(value)
    # what a column holds may have one: written so that Redshift and Athena read the same
    assert sql.any_text("a\\b's\\") == "'a' || chr(92) || 'b''s' || chr(92) || ''"
