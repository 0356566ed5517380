"""Published robustness constants against worst cases: rows for the report's page, and a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..verify.adversary.archive import Entry, Refutation
    from .figures.base import Progress

#: The archived grid, in a checkout.
ARCHIVE = Path("docs") / "data" / "worst_cases.json"
#: What each preset searches by itself: rules, and sizes (n, f).
SEARCHES: Mapping[str, tuple[tuple[tuple[str, ...], tuple[tuple[int, int], ...]], ...]] = {
    "quick": (
        (("cwtm", "median", "median-lower", "cwtm:trim=1"), ((4, 1), (5, 1), (5, 2), (7, 2))),
        (("krum:neighbours=2", "krum-inclusive"), ((5, 2), (6, 2))),
    ),
    "paper": (
        (("cwtm", "median", "median-lower", "cwtm:trim=1"), ((4, 1), (5, 1), (5, 2), (7, 2), (20, 4), (100, 20))),
        (("krum:neighbours=2", "krum", "krum-blanchard", "krum-inclusive"), ((5, 1), (5, 2), (6, 2), (7, 2), (9, 3))),
        (("geometric-median", "phocas", "faba", "nnm+cwtm", "nnm+krum"), ((4, 1), (5, 1), (7, 2), (20, 4))),
    ),
}


def search(preset: str, seed: int = 0, store: Path | None = None, progress: Progress | None = None) -> list[Any]:
    """The brackets that a report computes for itself.

    Parameters
    ----------
    preset : str
        "quick" takes seconds; the others a few minutes.
    seed : int
    store : Path or None
        File of finished brackets.
    progress : callable or None
        Called with the finished fraction.

    Returns
    -------
    list of dict
        Records of :func:`~byzbounds.verify.adversary.grid.grid`.
    """
    from ..verify.adversary.grid import grid, jobs

    work = [job for rules, sizes in SEARCHES.get(preset, SEARCHES["paper"]) for job in jobs(rules, sizes, seed=seed)]

    def show(done: int, total: int) -> None:
        if progress is not None:
            progress(done / total, f"{done} of {total} brackets")

    return grid(work, store, progress=show)


def rows(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row for each constant that is published, with the smallest case that refutes it.

    Parameters
    ----------
    records : sequence of mapping
        From :func:`search`.

    Returns
    -------
    list of dict
        ``rule``, ``constant``, ``source``, ``dim``, ``outcome``, ``tried``, ``refuted``, and of the smallest refuted
        case, or the tightest other one, ``n``, ``f``, ``published``, ``reached``, ``witness``, ``replay``.
    """
    groups: dict[tuple[str, str, int | None], list[Mapping[str, Any]]] = {}
    for record in records:
        if record.get("published") is not None:
            groups.setdefault((record["rule"], record["norm"], record["dim"]), []).append(record)
    return sorted(map(_row, groups.values()), key=lambda row: row["outcome"] != "REFUTED")


def _row(group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    from ..verify.adversary.grid import counted

    beyond = [record for record in group if record["verdict"] == "REFUTED"]
    if beyond:
        chosen, outcome = min(beyond, key=lambda record: (record["n"], record["f"])), "REFUTED"
    else:
        chosen = max(group, key=lambda record: record["lower"] / record["published"])
        outcome = "HOLDS" if all(record["verdict"] == "HOLDS" for record in group) else "INCONCLUSIVE"
    messages = "" if chosen["witness"] is None else counted(chosen["witness"]["honest"], 4)
    byzantine = "" if chosen["witness"] is None else counted(chosen["witness"]["byzantine"], 4)
    return {
        "rule": chosen["rule"],
        "constant": _symbol(chosen["norm"]),
        "source": chosen["published_source"].removeprefix("published (").removesuffix(")"),
        "dim": "all" if chosen["dim"] is None else chosen["dim"],
        "outcome": outcome,
        "tried": len(group),
        "refuted": len(beyond),
        "n": chosen["n"],
        "f": chosen["f"],
        "published": chosen["published"],
        "reached": chosen["lower"],
        "witness": f"honest {messages}; Byzantine {byzantine}" if messages else "",
        "replay": _replay(chosen["rule"], chosen["n"], chosen["f"], chosen["norm"], chosen["dim"]),
    }


def _symbol(norm: str) -> str:
    return "κ" if norm == "mean" else "C_α²"


def _replay(rule: str, n: int, f: int, norm: str, dim: int | None) -> str:
    where = ("" if norm == "mean" else " --norm max") + ("" if dim is None else f" --dim {dim}")
    return f"byzbounds worst-case {rule} --n {n} --f {f}{where}"


def page(path: Path) -> str:
    """The documentation's page on an archived grid.

    Parameters
    ----------
    path : Path
        The archive.

    Returns
    -------
    str
        Markdown. What is refuted is judged anew, with the archived messages evaluated again.
    """
    from ..verify.adversary.archive import COMMAND, load, refutations

    entries = load(path)
    sizes = sorted({(entry.n, entry.f) for entry in entries})
    lines = [
        "# Worst cases of the rules",
        "",
        f"Brackets on κ and C_α² of {len({entry.rule for entry in entries})} rules at {len(sizes)} sizes up to n = "
        f"{sizes[-1][0]}, {len(entries)} in all: below, messages that were found by computation or search; above, a "
        "proof or an exact computation. The grid is kept in `docs/data/worst_cases.json`, which",
        "",
        f"    {COMMAND}",
        "",
        "writes in, going by three quarters of it, about half an hour of one core. This page does not trust the file: "
        "published constants and proofs are looked up in the catalogue, and the messages of every refutation are "
        "evaluated again. Each row's command searches for its case anew.",
        "",
        "## Published constants that messages exceed",
        "",
        *_refuted(refutations(entries)),
        "",
        "A rule with a colon is misused on purpose: trimmed too little, scored with too few neighbours, or given a "
        "fixed scale. `krum-inclusive` is scored with the n - f - 2 nearest messages, itself among them; "
        "`median-lower` takes the lower of the two middle values.",
        "",
        "## Rules without a constant",
        "",
        *_unbounded(entries),
        "",
        *_conjectures([_record(entry) for entry in entries if entry.lower is not None]),
        "## Brackets on κ",
        "",
        "A single number: the ends agree to six digits (≈: to those shown); else the lower and the upper end. Where "
        "only messages are known the upper end is open. ∞: no constant.",
        "",
        *_brackets([entry for entry in entries if entry.norm == "mean"]),
    ]
    return "\n".join(lines) + "\n"


def _conjectures(records: Sequence[Mapping[str, Any]]) -> list[str]:
    from ..verify.adversary.closed_forms import conjectures_markdown
    from ..verify.adversary.fitting import fitted_markdown

    return [
        "## Conjectures",
        "",
        "Closed forms to which the search points where no proof is known. They are suprema: reached means that "
        "messages come within 0.2 %. A conjecture is never used as an upper end.",
        "",
        conjectures_markdown(records),
        "An automatic search over ratios of products of linear factors in n and f finds these, some of which are "
        "proved. Each was chosen at the smaller sizes of the grid and then had to hold at the larger ones: nowhere "
        "exceeded, and reached at two in three of them at least.",
        "",
        fitted_markdown(records),
    ]


def _record(entry: Entry) -> dict[str, Any]:
    assert entry.lower is not None
    same = {name: getattr(entry, name) for name in ("rule", "n", "f", "norm", "dim")}
    exact = entry.upper is not None and entry.upper <= float(entry.lower) * (1 + 1e-9)
    return {**same, "lower": float(entry.lower), "exact": exact}


def _refuted(found: Sequence[Refutation]) -> list[str]:
    from ..verify.adversary.grid import counted

    head = ("rule", "constant", "published as", "dimension", "refuted at", "smallest case", "published", "reached")
    lines = ["| " + " | ".join((*head, "messages", "again")) + " |", "|" + "---|" * (len(head) + 2)]
    for one in found:
        entry, constant = one.entry, one.entry.constant
        assert constant is not None
        assert constant.value is not None
        assert entry.witness is not None
        parts = (counted(_short(part), 4) for part in (entry.witness.honest, entry.witness.byzantine))
        honest, byzantine = parts
        cells = (
            entry.rule,
            _symbol(entry.norm),
            f"`{constant.source.removeprefix('published (').removesuffix(')')}`",
            "all" if entry.dim is None else str(entry.dim),
            f"{one.refuted} of {one.tried} sizes",
            f"n = {entry.n}, f = {entry.f}",
            f"{float(constant.value):.6g}",
            "unbounded" if entry.lower is None else f"{float(entry.lower):.6g}",
            f"honest {honest}; Byzantine {byzantine}",
            f"`{entry.command}`",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _short(vectors: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Coordinates for people: whole numbers of more than six digits are shown as floats."""
    return [[str(x) if len(str(x)) <= 6 else f"{float(x):.3g}" for x in vector] for vector in vectors]


def _unbounded(entries: Sequence[Entry]) -> list[str]:
    """Rules with a size at which the ratio grows beyond every bound."""
    lines = ["| rule | no finite κ at | of | smallest case |", "|---|---|---|---|"]
    for rule in dict.fromkeys(entry.rule for entry in entries):
        own = [entry for entry in entries if entry.rule == rule and entry.norm == "mean"]
        gone = [entry for entry in own if entry.lower is None]
        if gone:
            first = min(gone, key=lambda entry: (entry.n, entry.f))
            case = f"n = {first.n}, f = {first.f}: `{first.command}`"
            lines.append(f"| {rule} | {len(gone)} | {len(own)} sizes | {case} |")
    return lines


def _brackets(entries: Sequence[Entry]) -> list[str]:
    sizes = sorted({(entry.n, entry.f) for entry in entries})
    lines = ["| rule | " + " | ".join(f"{n}, {f}" for n, f in sizes) + " |", "|" + "---|" * (len(sizes) + 1)]
    for rule in dict.fromkeys(entry.rule for entry in entries):
        cells = {(entry.n, entry.f): _cell(entry) for entry in entries if entry.rule == rule}
        lines.append(f"| {rule} | " + " | ".join(cells.get(size, "") for size in sizes) + " |")
    return lines


def _cell(entry: Entry) -> str:
    if entry.lower is None:
        return "∞"
    bound, lower = entry.bound, float(entry.lower)
    uppers = [entry.upper] if entry.upper is not None else []
    uppers += [float(bound.value)] if bound is not None and bound.value is not None else []
    if not uppers:
        return f"{lower:.3g} to ?"
    upper = min(uppers)
    if upper <= lower * (1 + 1e-6):
        return f"{upper:.3g}"
    shown = f"{lower:.3g}", f"{upper:.3g}"
    return f"≈ {shown[1]}" if shown[0] == shown[1] else " to ".join(shown)
