from __future__ import annotations

import csv
import json
import threading

import numpy as np
import pytest

from byzbounds.simulate import Method, arrays, method_from_name, run, training
from byzbounds.simulate.aggregation import Mean, Median
from byzbounds.simulate.attacks import ATTACKS
from byzbounds.simulate.compiled import interpreted
from byzbounds.simulate.configuration import Configuration
from byzbounds.simulate.encoding import CyclicEncoding
from byzbounds.simulate.measures import MEASURES
from byzbounds.simulate.problems import Classification, CraRegression, LadRegression, LinearRegression, UserProblem

LAD = LadRegression(N=12, Q=6)
CRA = CraRegression(M=36, Q=6)
LAD_NAMES = [
    "VA",
    "CWTM",
    "CWTM-NNM",
    "DRACO",
    "LAD-cwtm",
    "LAD-cwtm-nnm",
    "LAD-geometric-median",
    "Com-VA",
    "Com-CWTM-NNM",
    "Com-TGN",
    "Com-LAD-cwtm-nnm",
]
CRA_NAMES = ["MA", "RBA-median", "SGC-DL", "Clairvoyant", "CRA-median", "CRA-phocas", "CRA-cwtm"]
BACKENDS = ["array_api_strict", "torch", "jax.numpy"]


def train(name, xp="numpy", dtype="float64", seeds=(0, 7, 2), **options):
    cra = name in CRA_NAMES
    method = method_from_name(name, N=12, f=2, d=4, r=6, k=3, allocation="balanced")
    settings = {"iterations": 8, "gamma": 1e-4, "seeds": seeds, "xp": xp, "dtype": dtype} | options
    return run(method, CRA if cra else LAD, **settings)


def enable(backend):
    pytest.importorskip(backend)
    if backend == "jax.numpy":
        import jax

        jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("name", LAD_NAMES + CRA_NAMES)
class TestEveryMethod:
    def test_honest_training_makes_progress(self, name):
        trajectory = train(name, iterations=60, attack=None)
        assert trajectory.loss.shape == (3, 61)
        assert (trajectory.loss[:, -1] < trajectory.loss[:, 0]).all()
        assert trajectory.diverged == (None, None, None)

    def test_results_do_not_depend_on_the_batch(self, name):
        together = train(name)
        chunked = train(name, memory_budget=1)
        np.testing.assert_array_equal(together.loss, chunked.loss)
        alone = train(name, seeds=[7])
        np.testing.assert_array_equal(together.loss[1], alone.loss[0])
        np.testing.assert_array_equal(together.final[1], alone.final[0])

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_same_trajectory_on_each_backend(self, name, backend):
        enable(backend)
        expected, found = train(name, iterations=3), train(name, xp=backend, iterations=3)
        np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-9)
        np.testing.assert_allclose(found.final, expected.final, rtol=1e-7, atol=1e-10)

    def test_float32(self, name):
        expected, found = train(name, iterations=3), train(name, dtype="float32", iterations=3)
        np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-3)


class TestAgainstAPlainLoop:
    """The iteration written out for one run, from the weights that the encoder reports."""

    def test_lad(self):
        method = method_from_name("LAD-CWTM", N=12, f=2, d=4)
        trajectory = run(method, LAD, iterations=5, gamma=1e-4, seeds=[3])
        problem = LAD.draw([3])
        encoder = method.encoding.start([3], 12)
        from byzbounds.simulate.draws import byzantine_draws

        masks = byzantine_draws([3], 12, 2, "redrawn")
        x = np.zeros(6)
        for t in range(5):
            np.testing.assert_allclose(trajectory.loss[0, t], problem.loss(x[None])[0])
            np.testing.assert_allclose(trajectory.grad_norm_sq[0, t], (problem.gradient(x[None]) ** 2).sum())
            messages = encoder.weights(t)[0] @ problem.gradients(x[None])[0]
            messages[masks.at(t)[0]] *= -2
            ordered = np.sort(messages, axis=0)
            x = x - 1e-4 * ordered[1:-1].mean(axis=0)
        np.testing.assert_allclose(trajectory.final[0], x)

    def test_draco_is_gradient_descent_whatever_the_attack(self):
        for code in ("repetition", "cyclic"):
            method = method_from_name("DRACO", N=12, f=2, code=code)
            trajectory = run(method, LAD, iterations=6, gamma=1e-4, seeds=[3], attack="sign")
            problem, x = LAD.draw([3]), np.zeros((1, 6))
            for _ in range(6):
                x = x - 1e-4 * problem.gradient(x) / 12
            np.testing.assert_allclose(trajectory.final, x, rtol=1e-9)

    def test_full_load_without_attack_is_gradient_descent(self):
        method = Method("full", CyclicEncoding(12, 12), Median())
        trajectory = run(method, LAD, iterations=6, gamma=1e-4, seeds=[3])
        problem, x = LAD.draw([3]), np.zeros((1, 6))
        for _ in range(6):
            x = x - 1e-4 * problem.gradient(x) / 12
        np.testing.assert_allclose(trajectory.final, x, rtol=1e-9)

    def test_clairvoyant_averages_the_honest(self):
        def check(seen):
            honest = ~seen.byzantine[0]
            np.testing.assert_allclose(seen.aggregate[0], seen.messages[0, honest].mean(axis=0))
            np.testing.assert_allclose(seen.honest_mean, seen.aggregate)

        method = method_from_name("Clairvoyant", N=12, f=2)
        run(method, CRA, iterations=3, gamma=1e-4, seeds=[3], observe=check)

    def test_sum_estimate_scales_the_step(self):
        mean = run(method_from_name("VA", N=12, f=2), LAD, iterations=3, gamma=1.2e-3, seeds=[3])
        total = run(method_from_name("VA", N=12, f=2, estimate="sum"), LAD, iterations=3, gamma=1e-4, seeds=[3])
        np.testing.assert_allclose(mean.final, total.final, rtol=1e-12)


class TestReadings:
    def test_paired_seeds_share_data_and_byzantine_identities(self):
        masks = {}
        for name in ("CWTM", "LAD-cwtm"):
            masks[name] = []
            train(name, observe=lambda seen, kept=masks[name]: kept.append(seen.byzantine))
        np.testing.assert_array_equal(masks["CWTM"], masks["LAD-cwtm"])

    def test_identities_fixed_and_redrawn(self):
        for persistence, same in (("fixed", True), ("redrawn", False)):
            masks = []
            train("VA", byzantine=persistence, observe=lambda seen, kept=masks: kept.append(seen.byzantine))
            assert (np.array(masks) == masks[0]).all() == same

    def test_more_byzantine_devices_than_the_server_expects(self):
        counts = []
        train("VA", f=5, observe=lambda seen: counts.append(seen.byzantine.sum(axis=-1)))
        assert (np.array(counts) == 5).all()

    def test_start(self):
        given = train("VA", x0=np.full(6, 0.5), iterations=0)
        np.testing.assert_array_equal(given.final, np.full((3, 6), 0.5))
        by_seed = train("VA", x0=lambda seed: np.full(6, float(seed)), iterations=0, memory_budget=1)
        np.testing.assert_array_equal(by_seed.final[:, 0], [0, 7, 2])
        by_run = train("VA", x0=np.arange(18.0).reshape(3, 6), iterations=0, memory_budget=1)
        np.testing.assert_array_equal(by_run.final, np.arange(18.0).reshape(3, 6))

    def test_schedule(self):
        rates = []

        def schedule(t):
            rates.append(t)
            return 1e-4 / (t + 1) ** 0.5

        decayed = train("VA", gamma=schedule, iterations=4)
        assert rates == [0, 1, 2, 3]
        assert not np.array_equal(decayed.loss, train("VA", iterations=4).loss)

    def test_label_flip_needs_labels(self):
        assert (train("VA", attack="label-flip").loss[:, -1] > 0).all()
        problem = UserProblem(lambda x: x[..., None, :] + np.zeros((12, 1)), 12, 3)
        with pytest.raises(ValueError, match="needs a problem with labels, got UserProblem"):
            run(method_from_name("VA", N=12, f=2), problem, iterations=1, gamma=0.1, attack="label-flip")

    @pytest.mark.parametrize("attack", sorted(set(ATTACKS) - {"non-finite"}))
    def test_every_attack_runs_and_depends_on_the_seed_alone(self, attack):
        together, alone = train("CWTM-NNM", attack=attack), train("CWTM-NNM", attack=attack, seeds=[7])
        assert np.isfinite(together.loss).all()
        np.testing.assert_array_equal(together.loss[1], alone.loss[0])

    def test_non_finite_messages(self):
        with pytest.raises(ValueError, match="not finite"):
            train("CWTM", attack="nan")
        method = method_from_name("CWTM", N=12, f=2, nonfinite="byzantine")
        assert np.isfinite(run(method, LAD, iterations=3, gamma=1e-4, attack="nan").loss).all()


class TestMeasures:
    def test_against_the_definitions(self):
        seen = []
        trajectory = train("Com-LAD-cwtm-nnm", measures=tuple(MEASURES), record_every=2, observe=seen.append)
        assert [one.iteration for one in seen] == list(range(8))
        for record, one in enumerate(seen[::2]):
            for run_number in range(3):
                honest = one.sent[run_number][~one.byzantine[run_number]]
                mean = honest.mean(axis=0)
                spread = ((honest - mean) ** 2).sum(axis=-1)
                gradients = one.problem.gradients(one.x)[run_number]
                deviations = ((gradients - gradients.mean(axis=0)) ** 2).sum(axis=-1)
                expected = {
                    "aggregation_error": ((one.aggregate[run_number] - mean) ** 2).sum(),
                    "honest_mean_norm_sq": (mean**2).sum(),
                    "honest_mean_error": ((mean - gradients.mean(axis=0)) ** 2).sum(),
                    "aggregate_norm_sq": (one.aggregate[run_number] ** 2).sum(),
                    "dispersion": spread.mean(),
                    "dispersion_max": spread.max(),
                    "heterogeneity": deviations.mean(),
                    "heterogeneity_max": deviations.max(),
                }
                assert set(expected) == set(MEASURES)
                for name, value in expected.items():
                    np.testing.assert_allclose(trajectory.measures[name][run_number, record], value, rtol=1e-9)
        assert all(np.isnan(values[:, -1]).all() for values in trajectory.measures.values())

    def test_observation_does_not_change_the_run(self):
        np.testing.assert_array_equal(train("CWTM", measures=tuple(MEASURES)).loss, train("CWTM").loss)


class TestDivergence:
    @pytest.mark.parametrize("xp", ["numpy", *BACKENDS])
    def test_is_reported_and_what_was_computed_is_kept(self, xp):
        if xp != "numpy":
            enable(xp)
        trajectory = train("VA", xp=xp, gamma=10.0, iterations=100, measures=("dispersion",))
        for run_number, at in enumerate(trajectory.diverged):
            assert at is not None
            assert 1 < at < 100
            assert np.isfinite(trajectory.loss[run_number, :at]).all()
            assert np.isfinite(trajectory.grad_norm_sq[run_number, :at]).all()
            assert np.isnan(trajectory.loss[run_number, at:]).all()
            assert np.isnan(trajectory.measures["dispersion"][run_number, at:]).all()
            assert np.isfinite(trajectory.final[run_number]).all()
        assert (trajectory.final_loss > trajectory.loss[:, 0]).all()

    def test_one_run_does_not_take_the_others_along(self):
        features = np.stack([np.eye(12, 6) * 10.0 ** (3 * (run_number == 1)) for run_number in range(3)])
        problem = LinearRegression(features, np.ones((3, 12)))
        trajectory = run(method_from_name("VA", N=12, f=2), problem, iterations=200, gamma=0.1, seeds=3)
        assert trajectory.diverged[0] is None
        assert trajectory.diverged[1] is not None
        assert trajectory.diverged[2] is None
        assert np.isfinite(trajectory.loss[[0, 2]]).all()

    def test_float32_diverges_before_squares_overflow(self):
        trajectory = train("VA", dtype="float32", gamma=10.0, iterations=100)
        assert None not in trajectory.diverged
        for run_number, at in enumerate(trajectory.diverged):
            assert np.isfinite(trajectory.grad_norm_sq[run_number, :at]).all()


class TestTrajectory:
    def test_records(self):
        trajectory = train("VA", iterations=10, record_every=4)
        assert trajectory.iterations.tolist() == [0, 4, 8, 10]
        full = train("VA", iterations=10)
        np.testing.assert_array_equal(trajectory.loss, full.loss[:, [0, 4, 8, 10]])

    def test_parameters_are_plain_and_complete(self):
        parameters = train("Com-LAD-cwtm-nnm").parameters
        assert json.loads(json.dumps(parameters)) == parameters
        assert parameters["method"]["encoding"] == {
            "type": "CyclicEncoding",
            "devices": 12,
            "d": 4,
            "tasks": "redrawn",
            "subsets": "redrawn",
        }
        assert parameters["attack"]["coefficient"] == -2.0

    def test_tidy_table(self, tmp_path):
        trajectory = train("VA", iterations=2, measures=("dispersion",))
        rows = list(trajectory.to_rows())
        assert len(rows) == 9
        assert rows[4] == {
            "method": "VA",
            "seed": 7,
            "iteration": 1,
            "loss": trajectory.loss[1, 1],
            "grad_norm_sq": trajectory.grad_norm_sq[1, 1],
            "dispersion": trajectory.measures["dispersion"][1, 1],
        }
        trajectory.to_csv(tmp_path / "table.csv")
        with open(tmp_path / "table.csv", newline="") as file:
            read = list(csv.DictReader(file))
        assert [float(row["loss"]) for row in read] == trajectory.loss.ravel().tolist()
        assert [int(row["seed"]) for row in read] == [0] * 3 + [7] * 3 + [2] * 3

    def test_pandas_and_parquet(self, tmp_path):
        pandas = pytest.importorskip("pandas")
        trajectory = train("VA", iterations=2)
        frame = trajectory.to_pandas()
        assert list(frame.columns) == ["method", "seed", "iteration", "loss", "grad_norm_sq"]
        pytest.importorskip("pyarrow")
        trajectory.to_parquet(tmp_path / "table.parquet")
        pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "table.parquet"), frame)


class TestOtherProblems:
    @pytest.mark.parametrize("model", ["softmax", "perceptron"])
    def test_classification(self, model):
        pytest.importorskip("sklearn")
        problem = Classification("digits", model, M=20, alpha=0.5, hidden=4)
        trajectory = run(method_from_name("CRA-median", N=10, f=2, r=8), problem, iterations=25, gamma=2e-3, seeds=2)
        assert (trajectory.loss[:, -1] < 0.8 * trajectory.loss[:, 0]).all()

    def test_user_problem(self):
        centres = np.random.default_rng(0).standard_normal((10, 3))
        problem = UserProblem(lambda x: x[..., None, :] - centres, 10, 3)
        method = Method("mine", CyclicEncoding(10, 10), Mean())
        trajectory = run(method, problem, iterations=60, gamma=0.5, seeds=2)
        np.testing.assert_allclose(trajectory.final, np.stack([centres.mean(axis=0)] * 2), atol=1e-9)
        assert np.isnan(trajectory.loss).all()
        assert trajectory.diverged == (None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"f": 12}, "fewer Byzantine devices than devices, got f=12, N=12"),
        ({"f": -1}, "f of at least 0"),
        ({"iterations": -1}, "iterations of at least 0"),
        ({"iterations": 1.5}, "iterations as a whole number"),
        ({"gamma": float("nan")}, "finite learning rate"),
        ({"gamma": -1.0}, "finite learning rate"),
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [-1]}, "a seed of at least 0"),
        ({"seeds": 0}, "seeds of at least 1"),
        ({"dtype": "int32"}, "'float64' or 'float32', got 'int32'"),
        ({"byzantine": "never"}, "'redrawn' or 'fixed', got 'never'"),
        ({"attack": "sgin"}, "did you mean"),
        ({"measures": ["loss"]}, "no measure 'loss'"),
        ({"record_every": 0}, "record_every of at least 1"),
        ({"x0": np.ones(5)}, "x0"),
        ({"x0": np.full(6, np.inf)}, "finite x0"),
        ({"xp": "no_such_library"}, "'no_such_library' is not installed"),
        ({"memory_budget": 0}, "memory_budget"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        train("VA", **options)


def test_a_batched_problem_needs_as_many_seeds():
    with pytest.raises(ValueError, match="batched over 2 runs for 3 seeds"):
        run(method_from_name("VA", N=12, f=2), LAD.draw([0, 1]), iterations=1, gamma=0.1, seeds=3)


def test_namespaces_may_be_given_as_modules():
    torch = pytest.importorskip("torch")
    configuration = Configuration(method_from_name("VA", N=12, f=2), LAD, 1, 0.1, xp=torch)
    assert configuration.xp == "torch"
    np.testing.assert_allclose(train("VA", xp=torch).loss, train("VA").loss)


class TestThreads:
    """Chunks of the seeds share the processors."""

    @pytest.fixture(autouse=True)
    def small_work_for_a_thread(self, monkeypatch):
        monkeypatch.setattr(training, "_THREAD_BYTES", 1)

    @pytest.mark.parametrize("name", ["VA", "CWTM", "LAD-cwtm-nnm", "DRACO"])
    def test_results_do_not_depend_on_them(self, name):
        with arrays.threads(1):
            alone = train(name, seeds=5, iterations=70, measures=["dispersion"])
        with arrays.threads(3):
            shared = train(name, seeds=5, iterations=70, measures=["dispersion"])
        np.testing.assert_array_equal(alone.loss, shared.loss)
        np.testing.assert_array_equal(alone.final, shared.final)
        np.testing.assert_array_equal(alone.measures["dispersion"], shared.measures["dispersion"])
        assert shared.seeds == alone.seeds == (0, 1, 2, 3, 4)

    def test_settings_reach_them(self):
        with arrays.threads(2), arrays.portable():
            plain = train("LAD-cwtm", seeds=4)
        np.testing.assert_allclose(plain.loss, train("LAD-cwtm", seeds=4).loss, rtol=1e-9)

    def test_an_error_comes_through(self):
        with arrays.threads(2), pytest.raises(ValueError, match="not finite"):
            train("CWTM", attack="nan")

    def test_an_observer_is_called_by_one_thread(self):
        threads = set()
        with arrays.threads(2):
            train("CWTM", observe=lambda seen: threads.add((threading.get_ident(), seen.runs.stop)))
        assert threads == {(threading.get_ident(), 3)}

    def test_used_where_they_pay(self):
        def workers(name, attack="sign", runs=4, **parameters):
            method = method_from_name(name, N=12, f=2, d=4, **parameters)
            with arrays.threads(3):
                return training._workers(Configuration(method, LAD, 1, 0.1, attack=attack), runs, None)

        assert workers("LAD-cwtm") == 3
        assert workers("LAD-cwtm", runs=2) == 2
        assert workers("DRACO") == workers("Com-CWTM", k=3) == workers("CWTM", attack="alie") == 1
        with interpreted():
            assert workers("VA") == 1
