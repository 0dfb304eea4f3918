"""Types, values and result files as Athena has them."""

import io

import pytest

from local.engines.athena import results, values
from local.engines.athena.errors import ApiError


def signature(raw, *arguments):
    kinds = {int: "LONG", dict: "TYPE"}
    return {
        "rawType": raw,
        "arguments": [{"kind": kinds[type(a)], "value": a} for a in arguments],
    }


def column(raw, *arguments):
    return {"name": "c", "typeSignature": signature(raw, *arguments)}


@pytest.mark.parametrize(
    ("trino", "athena"),
    [
        (column("varchar", 2147483647), ("varchar", 2147483647, 0)),
        (column("varchar", 20), ("varchar", 20, 0)),
        (column("integer"), ("integer", 10, 0)),
        (column("bigint"), ("bigint", 19, 0)),
        (column("decimal", 38, 2), ("decimal", 38, 2)),
        (column("real"), ("float", 17, 0)),
        (column("double"), ("double", 17, 0)),
        (column("boolean"), ("boolean", 0, 0)),
        (column("date"), ("date", 0, 0)),
        (column("timestamp"), ("timestamp", 3, 0)),
        (column("array", signature("integer")), ("array", 0, 0)),
    ],
)
def test_types_have_athenas_names_precision_and_scale(trino, athena):
    info = values.column_info(trino)
    assert (info["Type"], info["Precision"], info["Scale"]) == athena
    assert info["CaseSensitive"] == (athena[0] == "varchar")


def test_values_are_text_as_athena_writes_them():
    row = {
        "rawType": "row",
        "arguments": [
            {
                "kind": "NAMED_TYPE",
                "value": {"fieldName": {"name": "a"}, "typeSignature": signature("integer")},
            }
        ],
    }
    cases = [
        (signature("boolean"), True, "true"),
        (signature("double"), "1.0E10", "1.0E10"),
        (signature("decimal", 10, 2), "279.91", "279.91"),
        (signature("bigint"), 5, "5"),
        (signature("varbinary"), "aGk=", "68 69"),
        (signature("array", signature("boolean")), [True, None], "[true, null]"),
        (signature("map", signature("varchar"), signature("integer")), {"k": 1}, "{k=1}"),
        (row, [7], "{a=7}"),
        (signature("varchar", 5), None, None),
        (signature("array", signature("integer")), None, None),
    ]
    for kind, value, text in cases:
        assert values.formatter({"typeSignature": kind})(value) == text


def test_a_csv_result_tells_null_from_empty():
    stream = io.BytesIO()
    rows: list[list[str | None]] = [["a,b", None], ["", 'say "hi"'], ["two\nlines", "x"]]
    assert results.write_csv(stream, ["first", "second"], iter(rows)) == 3
    assert stream.getvalue() == (b'"first","second"\n"a,b",\n"","say ""hi"""\n"two\nlines","x"\n')
    assert results.read_csv(stream.getvalue()) == [["first", "second"], *rows]


def test_a_damaged_result_file_is_an_error():
    with pytest.raises(ApiError):
        results.read_csv(b'"a","b\n')


def test_lines_come_back_as_they_were():
    assert results.read_lines(results.write_lines(["a\tb", ""])) == [["a\tb"], [""]]
    assert results.read_lines(b"") == []


def test_pages_count_the_header_row_and_end_without_a_token():
    rows = [["n"], *([str(n)] for n in range(2000))]
    page, token = results.page(rows, None, None)
    assert len(page) == 1000
    assert page[0] == {"Data": [{"VarCharValue": "n"}]}
    seen = len(page)
    while token:
        page, token = results.page(rows, token, None)
        seen += len(page)
    assert seen == 2001


def test_null_has_no_value_at_all():
    assert results.page([[None, ""]], None, 1)[0] == [{"Data": [{}, {"VarCharValue": ""}]}]


@pytest.mark.parametrize(("token", "size"), [(None, 0), (None, 1001), ("x", 10), ("99", 10)])
def test_impossible_pages_are_refused(token, size):
    with pytest.raises(ApiError):
        results.page([["a"]], token, size)
