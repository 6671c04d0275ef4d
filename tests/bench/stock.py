"""How long all stock takes from Dynamics SL to Clarity eCommerce, which sets many articles by one call.

Both simulators and the product as real processes, no latency, the stock flow alone. The ERP counts every article anew,
the next poll finds them all; the clock runs from the first one found to the last one written. Counted twice: new
articles, then known ones.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from portal.launcher.state import State
from tests.bench.stage import Stage
from tests.contract.processes import SimulatorProcess, running

OPTIONS = (("skus", 10_000, "articles counted anew"),)
_PATIENCE_SECONDS = 900.0


def run(*, skus: int) -> dict[str, float]:
    """Return seconds, articles a second, calls to the store, and the peak memory of the processes."""
    with (
        tempfile.TemporaryDirectory(prefix="connect-bench-") as folder,
        running("clarity_ecommerce", Path(folder), "--rate-per-minute", "0") as store,
        running("dynamics_sl", Path(folder)) as erp,
    ):
        os.environ["CONNECT_STATE_DIR"] = f"{folder}/state"
        stage = Stage(State.open(), also_allowed=(store.host, erp.host))
        try:
            stage.start()
            return _measure(stage, store, erp, skus)
        finally:
            stage.stop()


def _measure(stage: Stage, store: SimulatorProcess, erp: SimulatorProcess, count: int) -> dict[str, float]:
    stage.as_owner("-m", "tests.bench.seed_stock", "make", store.url, erp.url)
    stage.start_workers()
    _ask(stage, 0, lambda told: told["cursors_at_rest"])
    stage.as_owner("-m", "tests.bench.seed_stock", "hold")
    names = [f"SKU-{number:05}" for number in range(count)]
    _each(names, lambda sku: store.control("POST", "products", {"sku": sku, "name": sku}))
    figures: dict[str, float] = {}
    # The first time each article is looked for in the store and linked; after that its quantity is all there is.
    for word, quantity in (("first", 7), ("again", 8)):
        since = time.time()
        _each(
            names, lambda sku, level=quantity: erp.control("POST", "items", {"InvtID": sku, "stock": level})
        )  # type: ignore[misc]
        stage.as_owner("-m", "tests.bench.seed_stock", "poll")
        told = _ask(stage, since, lambda told: told["written"] >= count)
        figures[f"stock_{word}_seconds"] = round(told["seconds"], 1)
        figures[f"stock_{word}_per_s"] = round(count / told["seconds"], 1)
        figures[f"stock_{word}_calls"] = told["calls"]
    return {**figures, "stock_peak_pss_mb": round(stage.peak["pss_mb"])}


def _each(names: list[str], act: Callable[[str], object]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, names))


def _ask(stage: Stage, since: float, is_enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        told: dict[str, Any] = json.loads(
            stage.as_owner("-m", "tests.bench.seed_stock", "tell", str(since)).splitlines()[-1]
        )
        if is_enough(told):
            return told
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {_PATIENCE_SECONDS:.0f} s: {told}")
        time.sleep(2)
