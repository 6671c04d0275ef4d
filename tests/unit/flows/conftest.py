"""The world that flow tests start from."""

import pytest

from tests.unit.flows.scripted import World
from tests.unit.flows.scripted import world as make_world


@pytest.fixture
def world() -> World:
    return make_world()
