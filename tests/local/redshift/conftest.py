import pytest
from redshift_under_test import Gateway, Warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory):
    """The engine alone: a database, sessions, no API and no lake."""
    made = Warehouse(tmp_path_factory.mktemp("redshift"))
    yield made
    made.server.stop()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """A gateway with the local Redshift on a free port; a namespace and a workgroup made by CloudFormation."""
    running = Gateway(tmp_path_factory.mktemp("state"))
    yield running
    running.stop()
