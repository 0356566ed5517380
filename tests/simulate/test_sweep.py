from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import byzbounds
from byzbounds.simulate import method_from_name
from byzbounds.simulate.configuration import Configuration
from byzbounds.simulate.problems import LadRegression, UserProblem
from byzbounds.simulate.store import Store, run_key
from byzbounds.simulate.sweep import SweepError, grid, sweep

SOURCE = os.path.dirname(os.path.dirname(byzbounds.__file__))


def configurations(iterations=5, count=3):
    return [
        Configuration(
            method_from_name("LAD-cwtm", N=12, f=2, d=d),
            LadRegression(N=12, Q=6),
            iterations,
            1e-4,
            measures=("dispersion",),
        )
        for d in range(1, count + 1)
    ]


def slow_gradients(x):
    time.sleep(0.02)
    return x[..., None, :] - np.arange(6.0)[:, None]


def failing_gradients(_):
    raise RuntimeError("no gradients today")


def failing():
    return Configuration(method_from_name("VA", N=6, f=1), UserProblem(failing_gradients, 6, 2), 3, 0.1)


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.method == other.method
        assert one.seeds == other.seeds
        assert one.parameters == other.parameters
        assert one.diverged == other.diverged
        for name in ("iterations", "loss", "grad_norm_sq", "final"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for name, values in other.measures.items():
            np.testing.assert_array_equal(one.measures[name], values)


@pytest.fixture(scope="module")
def expected():
    return sweep(configurations(), seeds=4)


class TestSweep:
    def test_order_and_content(self, expected):
        assert [trajectory.parameters["method"]["encoding"]["d"] for trajectory in expected] == [1, 2, 3]
        assert all(trajectory.seeds == (0, 1, 2, 3) for trajectory in expected)

    @pytest.mark.parametrize("batch", [1, 3, 100])
    def test_batch_does_not_matter(self, expected, batch):
        assert_same(sweep(configurations(), seeds=4, batch=batch), expected)

    def test_threads(self, expected):
        with ThreadPoolExecutor(2) as executor:
            assert_same(sweep(configurations(), seeds=4, executor=executor, batch=1), expected)

    def test_processes(self, expected):
        import multiprocessing

        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
            assert_same(sweep(configurations(), seeds=4, executor=executor, batch=2), expected)

    def test_progress_bar(self, expected, capsys):
        assert_same(sweep(configurations(), seeds=4, progress=True), expected)
        assert "12/12" in capsys.readouterr().out

    def test_failures_come_last(self, tmp_path, expected):
        store = Store(tmp_path)
        with pytest.raises(SweepError, match="no gradients today") as caught:
            sweep([failing(), *configurations()], seeds=4, store=store)
        assert [number for number, _, _ in caught.value.failures] == [0]
        assert_same([caught.value.finished[number] for number in (1, 2, 3)], expected)
        assert len(store) == 12

    @pytest.mark.parametrize(
        ("options", "message"),
        [({"seeds": [1, 1]}, "different seeds"), ({"batch": 0}, "batch of at least 1"), ({"seeds": 0}, "at least 1")],
    )
    def test_bad_input(self, options, message):
        with pytest.raises(ValueError, match=message):
            sweep(configurations(), **options)


def test_grid():
    assert list(grid(d=[1, 2], attack=["sign"])) == [{"d": 1, "attack": "sign"}, {"d": 2, "attack": "sign"}]


class TestStore:
    def test_resumes_without_repeating(self, tmp_path, expected):
        store = Store(tmp_path)
        sweep(configurations()[:2], seeds=2, store=store)
        before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        assert len(before) == 4
        assert_same(sweep(configurations(), seeds=4, store=store), expected)
        assert len(store) == 12
        assert all((tmp_path / name).stat().st_mtime_ns == at for name, at in before.items())
        assert_same(sweep(configurations(), seeds=4, store=store), expected)

    def test_damaged_records_are_computed_again(self, tmp_path, expected):
        store = Store(tmp_path)
        sweep(configurations(), seeds=4, store=store)
        paths = sorted(tmp_path.iterdir())
        paths[0].write_bytes(paths[0].read_bytes()[:-30])
        paths[1].write_bytes(b"")
        content = bytearray(paths[2].read_bytes())
        content[len(content) // 2] ^= 0xFF
        paths[2].write_bytes(bytes(content))
        assert_same(sweep(configurations(), seeds=4, store=store), expected)

    def test_keys_tell_runs_apart(self):
        base = configurations()[0]
        keys = {run_key(base, 0), run_key(base, 1)}
        for other in (
            configurations()[1],
            configurations(iterations=6)[0],
            Configuration(base.method, base.problem, 5, 2e-4),
            Configuration(base.method, base.problem, 5, 1e-4, byzantine="fixed"),
            Configuration(base.method, base.problem, 5, 1e-4, attack="zero"),
            Configuration(base.method, base.problem, 5, 1e-4, dtype="float32"),
            Configuration(base.method, base.problem, 5, 1e-4, x0=np.ones(6)),
            Configuration(base.method, base.problem, 5, 1e-4, x0=np.zeros(6)),
            Configuration(base.method, base.problem.draw([0]), 5, 1e-4),
            Configuration(base.method, base.problem.draw([1]), 5, 1e-4),
            Configuration(base.method, LadRegression(N=12, Q=6, sigma_H=0.2), 5, 1e-4),
        ):
            keys.add(run_key(other, 0))
        assert len(keys) == 13
        assert run_key(configurations()[0], 0) in keys

    def test_functions_without_a_name_have_no_key(self):
        base = configurations()[0]
        with pytest.raises(ValueError, match="no stable key"):
            run_key(Configuration(base.method, base.problem, 5, lambda _: 1e-4), 0)
        run_key(Configuration(base.method, base.problem, 5, partial(pow, 0.5)), 0)

    def test_one_run_a_record(self, tmp_path, expected):
        with pytest.raises(ValueError, match="one run a record, got 4"):
            Store(tmp_path).save("key", expected[0])

    def test_a_record_that_cannot_be_written_leaves_nothing(self, tmp_path, expected, monkeypatch):
        store = Store(tmp_path)
        monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            store.save("key", expected[0].select(0))
        assert list(tmp_path.iterdir()) == []

    def test_missing_record(self, tmp_path):
        assert Store(tmp_path / "new").load("none") is None
        assert "none" not in Store(tmp_path / "new")


KILLED = """
    import sys
    import numpy as np
    from byzbounds.simulate.store import Store
    from byzbounds.simulate.sweep import sweep
    sys.path.insert(0, sys.argv[2])
    from killed_sweep import configurations
    sweep(configurations(), seeds=6, store=Store(sys.argv[1]), batch=1)
"""
MODULE = """
    import time
    import numpy as np
    from byzbounds.simulate import method_from_name
    from byzbounds.simulate.configuration import Configuration
    from byzbounds.simulate.problems import UserProblem

    def gradients(x):
        time.sleep(0.01)
        return x[..., None, :] - np.arange(6.0)[:, None]

    def configurations():
        problem = UserProblem(gradients, 6, 2)
        return [Configuration(method_from_name(name, N=6, f=1), problem, 4, 0.1) for name in ("VA", "CWTM")]
"""


def run_until_killed(command, folder, records):
    """Start the sweep, and kill it with SIGKILL when so many records exist; False if it ended before."""
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.npz"))) < records:
        if process.poll() is not None:
            return False
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("kills", [(3,), pytest.param((1, 2, 4, 7), marks=pytest.mark.slow)])
def test_a_killed_sweep_resumes(tmp_path, monkeypatch, kills):
    """SIGKILL in mid-run: every record there is whole, and the resumed sweep gives what an undisturbed one gives."""
    (tmp_path / "killed_sweep.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "killed_sweep", raising=False)
    from killed_sweep import configurations as slow  # type: ignore[import-not-found]

    folder = tmp_path / "store"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(folder), str(tmp_path)]
    store, kept = Store(folder), {}
    for records in kills:
        assert run_until_killed(command, folder, records)
        found = {key: store.path(key).stat().st_mtime_ns for key in store}
        assert records <= len(found) < 12
        assert kept.items() <= found.items()
        assert all(store.load(key) is not None for key in found)
        kept = found
    resumed = sweep(slow(), seeds=6, store=store)
    assert len(store) == 12
    assert all(store.path(key).stat().st_mtime_ns == at for key, at in kept.items())
    assert store.clean() <= len(kills)
    assert_same(resumed, sweep(slow(), seeds=6))


@pytest.mark.slow
def test_dask_survives_the_loss_of_a_worker(tmp_path):
    distributed = pytest.importorskip("distributed")
    problem = UserProblem(slow_gradients, 6, 2)
    tasks = [Configuration(method_from_name(name, N=6, f=1), problem, 20, 0.1) for name in ("VA", "CWTM")]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = [info["pid"] for info in client.run(lambda: {"pid": os.getpid()}).values()]
        store = Store(tmp_path / "store")
        with ThreadPoolExecutor(1) as background:
            running = background.submit(
                sweep, tasks, seeds=8, executor=client.get_executor(retries=2), store=store, batch=1
            )
            deadline = time.monotonic() + 60
            while len(store) < 3:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            os.kill(victims[0], signal.SIGKILL)
            found = running.result(timeout=120)
    assert_same(found, sweep(tasks, seeds=8))
