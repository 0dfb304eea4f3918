"""The Expression of GetPartitions."""

import pytest

from local.engines.glue import filters
from local.engines.glue.errors import GlueError

KEYS = [{"Name": "order_year", "Type": "int"}, {"Name": "region", "Type": "string"}]
PARTITIONS = [
    ["2024", "eu"],
    ["2025", "us-east"],
    ["2025", "us-west"],
    ["__HIVE_DEFAULT_PARTITION__", "eu"],
]


def chosen(expression):
    test = filters.compile(expression, KEYS)
    return [partition for partition in PARTITIONS if test(partition)]


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        ("order_year = 2025", [1, 2]),
        ("order_year = '2025'", [1, 2]),
        ("ORDER_YEAR >= 2024 and region <> 'us-east'", [0, 2]),
        ("(order_year > 2024) or (region = 'eu')", [0, 1, 2, 3]),
        ("region in ('us-east', 'us-west')", [1, 2]),
        ("order_year between 2023 and 2024", [0]),
        ("region like 'us-%'", [1, 2]),
        ("not (region like 'us-%')", [0, 3]),
        ("order_year is null", [3]),
        ("((order_year = 2025)) AND ((region = 'us-west'))", [2]),
    ],
)
def test_an_expression_chooses_partitions(expression, places):
    assert chosen(expression) == [PARTITIONS[place] for place in places]


@pytest.mark.parametrize(
    "expression",
    ["unknown = 1", "order_year + 1 = 2", "order_year = 'x'", "((", "lower(region) = 'eu'"],
)
def test_what_is_not_understood_is_an_error(expression):
    with pytest.raises(GlueError):
        chosen(expression)
