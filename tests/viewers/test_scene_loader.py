"""Tiles are loaded in workers, most wanted first, and dropped under a limit."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref

import pytest

from viewers.giving_way import NICE
from viewers.scene.debts import Debts
from viewers.scene.loader import Loader
from viewers.scene.memory import Memory


class _Owner:
    pass


A, B, BUSY = _Owner(), _Owner(), _Owner()


def test_the_most_urgent_tile_is_loaded_first_and_the_unwanted_not_at_all():
    loader, begun, gate, order = Loader(threads=1), threading.Event(), threading.Event(), []
    loader.ask(A, 0, 1.0, lambda wanted: (begun.set(), gate.wait(5)))
    assert begun.wait(5)
    for key, urgency in ((1, 5.0), (2, 50.0), (3, 20.0)):
        loader.ask(A, key, urgency, lambda wanted, key=key: order.append(key) or key)
    loader.want(A, (0, 1, 2))
    gate.set()
    got = []
    while loader.wait(A, 5.0):
        found = loader.take(A)
        assert found is not None
        got.append(found[0])
    assert order == [2, 1]
    assert got == [0, 2, 1]
    assert not loader.owes(A)
    loader.close()


def test_a_tile_nobody_wants_any_more_is_told_so_and_thrown_away():
    loader, begun, gate = Loader(threads=1), threading.Event(), threading.Event()
    seen = []

    def work(wanted):
        begun.set()
        gate.wait(5)
        seen.append(wanted())
        return 1

    loader.ask(A, 0, 1.0, work)
    assert begun.wait(5)
    loader.forget(A)
    gate.set()
    loader.close()
    assert seen == [False]
    assert loader.take(A) is None


def _busy(loader: Loader) -> threading.Event:
    """Keep the one worker busy until the event is set."""
    begun, gate = threading.Event(), threading.Event()

    def hold(wanted):
        begun.set()
        gate.wait(5)

    loader.ask(BUSY, 0, float("inf"), hold)
    assert begun.wait(5)
    return gate


def test_what_one_picture_does_not_want_another_still_gets():
    loader = Loader(threads=1)
    gate = _busy(loader)
    loader.ask(A, 1, 1.0, lambda wanted: "first")
    with loader.seen_in("pane"):
        loader.want(A, [2])
        loader.ask(A, 2, 1.0, lambda wanted: "second")
    loader.want(A, [1])
    with loader.seen_in("other pane"):
        loader.forget(A)  # it hides the layer
    gate.set()
    got = set()
    while loader.wait(A, 5.0):
        got.add(loader.take(A))
    assert got == {(1, "first"), (2, "second")}
    loader.close()


def test_what_only_a_picture_wanted_that_is_gone_is_not_loaded():
    loader = Loader(threads=1)
    gate = _busy(loader)
    with loader.seen_in("pane"):
        loader.ask(A, 2, 1.0, lambda wanted: "second")
    assert loader.owes(A)
    loader.leave("pane")
    assert not loader.owes(A)
    gate.set()
    loader.close()


def test_what_the_first_picture_forgets_all_forget_and_nothing_is_remembered_of_it():
    loader = Loader(threads=1)
    gate = _busy(loader)
    loader.ask(A, 1, 1.0, lambda wanted: 1)
    with loader.seen_in("pane"):
        loader.ask(A, 2, 1.0, lambda wanted: 2)
    loader.forget(A)
    assert not loader.owes(A)
    gate.set()
    assert loader.wait(BUSY, 5.0) and loader.take(BUSY) == (0, None)
    loader.want(BUSY, ())
    assert not loader._wants
    loader.close()


def test_a_failure_comes_to_the_owner_and_other_owners_see_nothing_of_it():
    loader = Loader(threads=2)

    def fail(wanted):
        raise ValueError("broken")

    loader.ask(A, 7, 1.0, fail)
    assert loader.wait(A, 5.0)
    assert loader.take(B) is None
    found = loader.take(A)
    assert found is not None and found[0] == 7 and isinstance(found[1], ValueError)
    loader.close()


def test_memory_drops_what_was_longest_out_of_use_and_never_what_is_seen():
    memory, dropped = Memory(most=100), []
    for key in range(3):
        memory.next_frame()
        memory.hold("a", key, 60, lambda key=key: dropped.append(key))
    memory.use("a", 0)
    assert memory.fit() == 60
    assert dropped == [1], "0 and 2 belong to the present frame"
    assert memory.held == 120
    memory.next_frame()
    memory.fit()
    assert memory.held <= 100


class Promise:
    """Owes something until its turn has come `turns` times."""

    def __init__(self, turns: int) -> None:
        self.turns = turns

    def complete(self, seconds: float) -> bool:
        self.turns -= 1
        return self.turns <= 0


def test_what_comes_at_the_last_moment_is_noticed_once():
    debts = Debts(Loader())
    quick, slow = Promise(0), Promise(3)
    assert debts.settle([quick, slow], 0.0) == (False, True)
    assert debts.settle([quick, slow], 0.0) == (False, True)
    # It comes in the turn that only asks: something was owed, so the picture is out of date.
    assert debts.settle([quick, slow], 0.0) == (True, True)
    assert debts.settle([quick, slow], 0.0) == (True, False)
    assert debts.settle([Promise(2), quick], 1.0) == (True, True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there threads cannot be asked")
def test_tiles_are_made_after_what_the_window_does():
    def priority(*_):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    loader = Loader(threads=1)
    loader.ask(A, 0, 1.0, priority)
    assert loader.wait(A, 5.0)
    assert loader.take(A) == (0, min(priority() + NICE, 19))
    loader.close()


def test_an_owner_that_has_all_it_asked_for_is_not_held():
    loader, owner = Loader(threads=1), _Owner()
    gone = weakref.ref(owner)
    loader.ask(owner, 0, 1.0, lambda wanted: 1)
    assert loader.wait(owner, 5.0) and loader.take(owner) == (0, 1)
    assert loader.finish(5.0)
    del owner
    gc.collect()
    assert gone() is None
    loader.close()


def test_an_owner_that_goes_while_a_worker_is_busy_for_it_goes_in_this_thread():
    loader, gate, owner = Loader(threads=1), threading.Event(), _Owner()
    begun = threading.Event()
    loader.ask(owner, 0, 1.0, lambda wanted: (begun.set(), gate.wait(5)))
    assert begun.wait(5)
    went_in: list[threading.Thread] = []
    weakref.finalize(owner, lambda: went_in.append(threading.current_thread()))
    loader.forget(owner)
    del owner
    assert went_in == [threading.current_thread()]
    gate.set()
    loader.close()


def test_to_finish_is_to_wait_for_what_nobody_wants_too():
    loader, begun, gate = Loader(threads=1), threading.Event(), threading.Event()
    loader.ask(A, 0, 1.0, lambda wanted: (begun.set(), gate.wait(5)))
    assert begun.wait(5)
    loader.forget(A)
    assert not loader.owes(A) and not loader.finish(0.05)
    gate.set()
    assert loader.finish(5.0)
    loader.close()
