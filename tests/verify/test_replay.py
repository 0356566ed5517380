"""Replay: a recorded verdict comes out the same, and a tampered one does not."""

import json
from dataclasses import replace

import pytest

from byzbounds.verify import runner
from byzbounds.verify.replay import read_verdicts, repeat, replay


@pytest.fixture(scope="module")
def recorded():
    return runner.run(["lad.lemma2"], seed=9)


def write(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_file_of_verdicts_replays(tmp_path, recorded, wrapped):
    rows = [verdict.to_json() for verdict in recorded]
    path = write(tmp_path / "verdicts.json", {"verdicts": rows, "claims": []} if wrapped else rows)
    found = replay(path, "lad.lemma2")
    assert len(found) == len(recorded)
    assert all(one.same for one in found)


def test_a_tampered_verdict_is_found_out(recorded):
    sampled = next(verdict for verdict in recorded if verdict.confidence is not None)
    assert repeat(replace(sampled, lhs=sampled.lhs * 1.01)).differences == ("lhs",)
    assert not repeat(replace(sampled, seed=sampled.seed + 1)).same


def test_a_search_replays_with_its_witness():
    verdict = next(v for v in runner.run(["cra.table1.median"], seed=2) if v.counterexample)
    again = repeat(verdict)
    assert again.same
    assert again.repeated.counterexample == verdict.counterexample


@pytest.mark.slow
def test_trajectories_replay():
    assert all(repeat(verdict).same for verdict in runner.run(["lad.theorem2"], seed=2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"figures": []}, "holds no list"),
        ("text", "holds no list"),
        ([{"key": "k"}], "missing fields"),
        ([], "holds no verdict on 'lad.lemma2'"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        replay(write(tmp_path / "other.json", content), "lad.lemma2")


def test_a_file_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "verdicts.json"
    path.write_text("HOLDS")
    with pytest.raises(ValueError, match="not a file of verdicts"):
        read_verdicts(path)
    with pytest.raises(OSError, match="missing"):
        read_verdicts(tmp_path / "missing.json")


def test_a_verdict_without_its_origin_cannot_be_repeated(recorded):
    with pytest.raises(ValueError, match="cannot be repeated: no probe, preset, level"):
        repeat(replace(recorded[0], parameters={}))
