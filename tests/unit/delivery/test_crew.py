"""The crew: many wait, one computes, nothing is left behind."""

import threading
import time
from collections.abc import Iterator

import pytest

from integrations.operations.delivery.crew import Crew


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew(8)
    yield made
    made.close()
    deadline = time.monotonic() + 5
    while not made.has_ended(0.05):
        assert time.monotonic() < deadline, "threads of the crew do not end"


def test_tasks_that_wait_overlap(crew: Crew) -> None:
    together = threading.Barrier(8, timeout=5)
    done: list[int] = []

    def wait_for_the_others() -> None:
        with crew.paused():
            together.wait()
        done.append(1)

    for _ in range(8):
        crew.submit(wait_for_the_others)
    _until(lambda: len(done) == 8)


def test_only_one_task_computes_at_a_time(crew: Crew) -> None:
    inside, most, done = [0], [0], [0]

    def task() -> None:
        for _ in range(20):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0)
            inside[0] -= 1
            with crew.paused():
                time.sleep(0.0002)
        done[0] += 1

    for _ in range(40):
        crew.submit(task)
    _until(lambda: done[0] == 40)
    assert most[0] == 1


def test_more_tasks_than_threads_are_all_done(crew: Crew) -> None:
    done: list[int] = []
    for number in range(500):
        crew.submit(lambda number=number: done.append(number))
    _until(lambda: len(done) == 500)
    assert sorted(done) == list(range(500))


def test_closing_drops_what_has_not_begun_and_lets_the_rest_end() -> None:
    crew = Crew(1)
    begun, may_end, done = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        with crew.paused():
            may_end.wait(5)
        done.append("first")

    crew.submit(first)
    assert begun.wait(5)
    crew.submit(lambda: done.append("second"))
    crew.close()
    assert not crew.has_ended(0.01)
    may_end.set()
    _until(lambda: crew.has_ended(0.05))
    assert done == ["first"]


def _until(condition: object) -> None:
    deadline = time.monotonic() + 5
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen within 5 s"
        time.sleep(0.002)
