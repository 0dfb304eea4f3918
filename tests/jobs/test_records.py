from __future__ import annotations

import gzip
import io
import types
from typing import Any

import pytest

from lakeshift_jobs import reading, records
from lakeshift_jobs.contract import Column

COLUMNS = ["id", "name", "price"]


def read(content: bytes, is_gzip: bool = False, format: str = "csv", **options: Any) -> list[records.Record]:
    return list(records.read(io.BytesIO(content), is_gzip, format, options, COLUMNS))


def values(content: bytes, **options: Any) -> list[list[str | None]]:
    found = read(b"id,name,price\n" + content, **options)
    assert [record.problem for record in found] == [None] * len(found)
    return [list(record.values) for record in found]


def problems(content: bytes, **options: Any) -> list[str | None]:
    return [record.problem for record in read(b"id,name,price\n" + content, **options)]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_newline_ends_a_record(newline: bytes) -> None:
    content = newline.join([b"id,name,price", b"1,a,2", b"3,b,4"])
    for text in (content, content + newline):
        assert [(r.line_number, r.values) for r in read(text)] == [(2, ["1", "a", "2"]), (3, ["3", "b", "4"])]


def test_a_newline_may_lie_between_two_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"id,name,price\r\n1,a,2\r\n3,\xc3\xa4,4\r\n\r\n5,c,6"
    expected = read(content)
    for size in range(1, len(content) + 1):
        monkeypatch.setattr(records, "CHUNK_BYTES", size)
        assert read(content) == expected
    assert [record.line_number for record in expected] == [2, 3, 5]


@pytest.mark.parametrize("content", [b"", b"id,name,price", b"id,name,price\n", b"id,name,price\r\n\r\n \t\n"])
def test_files_without_rows_have_no_records(content: bytes) -> None:
    assert read(content) == []


def test_blank_lines_are_no_records_but_lines_of_delimiters_are() -> None:
    assert values(b"\n1,a,2\n   \n,,\n\n") == [["1", "a", "2"], ["", "", ""]]


def test_a_byte_order_mark_is_dropped() -> None:
    assert read(b"\xef\xbb\xbfid,name,price\n1,a,2")[0].values == ["1", "a", "2"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('1,"a,b",2', ["1", "a,b", "2"]),
        ('"1","a ""b""","2"', ["1", 'a "b"', "2"]),
        (r'1,"a \"b\" \\ \n",2', ["1", r'a "b" \ \n', "2"]),
        ('1, "a" ,2', ["1", "a", "2"]),
        ('1,"",', ["1", "", ""]),
        (r"1,C:\a,2", ["1", r"C:\a", "2"]),
        ("1,ünï,2", ["1", "ünï", "2"]),
        (" 1 , a ,2", [" 1 ", " a ", "2"]),
    ],
)
def test_lines_are_split(line: str, expected: list[str]) -> None:
    assert values(line.encode()) == [expected]


def test_delimiter_and_quote_come_from_the_contract() -> None:
    found = read(b"id\tname\tprice\n1\t'a\tb'\t2,5", delimiter="\t", quote="'")
    assert found[0].values == ["1", "a\tb", "2,5"]


@pytest.mark.parametrize(
    ("line", "problem", "shown"),
    [
        (b"1,a", "expected 3 fields, found 2", ["1", "a", None]),
        (b"1,a,2,3", "expected 3 fields, found 4", ["1", "a", "2"]),
        (b'1,"a,2', "field 2: the quote is not closed in this line", ["1", None, None]),
        (b'"1,a,2', "field 1: the quote is not closed in this line", [None, None, None]),
        (b'1",a,2', "field 1: a quote inside an unquoted field", [None, None, None]),
        (b'1,"a"b,2', "field 2: text after the closing quote", ["1", 'a"b', "2"]),
        (b'1,a"b,2', "field 2: a quote inside an unquoted field", ["1", None, None]),
        (b'1,a"b"c,2', "field 2: a quote inside an unquoted field", ["1", 'a"b"c', "2"]),
        (b'1,a""b,2', "field 2: a quote inside an unquoted field", ["1", 'a"b', "2"]),
        (b'1,a\\"b,2', "field 2: a quote inside an unquoted field", ["1", 'a"b', "2"]),
        (b"1,\xff,2", "not UTF-8 at byte 3 of the line", ["1", "\ufffd", "2"]),
        ("1,ä,2".encode("utf-16-le"), "not UTF-8 at byte 5 of the line", None),
    ],
)
def test_a_line_that_is_no_row_says_why(line: bytes, problem: str, shown: list[str | None] | None) -> None:
    (record,) = read(b"id,name,price\n" + line)
    assert record.problem == problem
    assert shown is None or record.values == shown
    assert "\x00" not in record.content


def test_a_quoted_newline_makes_two_bad_lines_as_it_does_for_athena() -> None:
    assert [problem is not None for problem in problems(b'1,"a\nb",2')] == [True, True]


def test_one_bad_line_does_not_touch_the_others() -> None:
    assert [problem is None for problem in problems(b"1,a,2\n1\n3,b,4")] == [True, False, True]


@pytest.mark.parametrize("header", [b"ID, Name ,PRICE", b'"id","name","price"', b"Id,Name?,_price"])
def test_the_header_may_differ_in_case_quotes_and_punctuation(header: bytes) -> None:
    assert [record.problem for record in read(header + b"\n1,a,2")] == [None]


@pytest.mark.parametrize("header", [b"id,price,name", b"1,a,2", b"", b"id,name", b'id,"name', b"id,name,\xff"])
def test_a_wrong_header_rejects_every_row_with_its_reason(header: bytes) -> None:
    found = read(header + b"\n1,a,2\n3,b,4")
    assert len(found) == 2
    assert all(record.problem and record.problem.startswith("the header is ") for record in found)
    assert found[0].values == ["1", "a", "2"]


def test_without_a_header_the_first_line_is_a_row() -> None:
    assert read(b"1,a,2", header=False)[0].line_number == 1


def test_gzip_is_unpacked() -> None:
    packed = gzip.compress(b"id,name,price\n1,a,2\n") + gzip.compress(b"3,b,4")
    assert [record.values[0] for record in read(packed, is_gzip=True)] == ["1", "3"]


@pytest.mark.parametrize("content", [b"id,name,price\n1,a,2", gzip.compress(b"id,name,price\n1,a,2\n")[:-9]])
def test_an_object_that_breaks_off_ends_with_a_rejected_record(content: bytes) -> None:
    found = read(content, is_gzip=True)
    assert "can't be unpacked" in str(found[-1].problem)


def test_a_line_too_long_to_hold_is_rejected_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_LINE_BYTES", 100)
    monkeypatch.setattr(records, "CHUNK_BYTES", 64)
    found = read(b"id,name,price\n1," + b"x" * 100_000 + b",2\r\n3,b,4")
    assert [(r.line_number, r.problem) for r in found] == [(2, "longer than 100 bytes"), (3, None)]
    assert len(found[0].content) <= records.MAX_CONTENT_BYTES


def test_json_fields_are_told_whatever_their_case() -> None:
    assert read(b'{"ID": 1, "Name": "a"}', format="jsonl")[0].values == ["1", "a", None]
    assert read(b'{"ID": 1, "id": 2}', format="jsonl")[0].problem == "fields that differ in case only"


def test_files_are_read_by_the_names_that_they_use() -> None:
    columns = (Column("id", "bigint", field="Order No."), Column("sold", "timestamp", field="timestamp"))
    contents = {"csv": b"order_no,Timestamp\n1,2025-01-01", "jsonl": b'{"order no.": 1, "timestamp": "2025-01-01"}'}
    for format, content in contents.items():
        body = {"Body": io.BytesIO(content)}
        bucket = types.SimpleNamespace(get_object=lambda body=body, **_: body)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "_client", lambda bucket=bucket: bucket)
            (row,) = reading.read_objects([("key", "v", "e")], "raw", format, {}, columns)
        assert (row[3], row[4]) == (["1", "2025-01-01"], None)


def test_json_lines_keep_their_digits() -> None:
    line = b'{"price": 10.50, "id": 12345678901234567890, "name": null}\n\n{"id": true, "name": "\xc3\xa4"}'
    found = read(line, format="jsonl")
    assert [record.values for record in found] == [["12345678901234567890", None, "10.50"], ["true", "ä", None]]
    assert [record.problem for record in found] == [None, None]


def test_nested_json_is_its_text_with_the_digits_it_was_written_with() -> None:
    line = '{"ID": {"a": [1.50, "1.50", true, null, 123456789012345678901], "ä\\n": {}}, "name": [], "price": 2}'
    (record,) = read(line.encode(), format="jsonl")
    assert (record.values, record.problem) == (
        ['{"a":[1.50,"1.50",true,null,123456789012345678901],"ä\\n":{}}', "[]", "2"],
        None,
    )
    assert all(type(value) is str for value in record.values), "what other processes can read"


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1',
        "[1]",
        '{"id": NaN}',
        r'{"id": ["\ud800"]}',
        '{"id": ' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"id": 1, "more": 2}',
        r'{"id": "\ud800"}',
        "[" * 100_000,
    ],
)
def test_json_that_is_no_row_is_rejected(line: str) -> None:
    (record,) = read(line.encode(), format="jsonl")
    assert record.problem
    record.content.encode()
    "".join(value or "" for value in record.values).encode()


def test_shown_text_has_no_nul_and_fits_a_varchar() -> None:
    assert records.printable("a\x00b") == "a\ufffdb"
    assert len(records.printable("ä" * 100_000).encode()) <= records.MAX_CONTENT_BYTES
