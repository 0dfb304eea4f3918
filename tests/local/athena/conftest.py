import pytest
from athena_under_test import Gateway


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """A gateway with the local Athena on a free port."""
    running = Gateway(tmp_path_factory.mktemp("state"))
    yield running
    running.stop()
