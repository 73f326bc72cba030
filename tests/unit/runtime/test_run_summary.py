"""What a failed run says is missing."""

from sparsetopo.runtime.run_summary import Unfinished, summarise_unfinished


def test_failed_jobs_are_named_with_their_reasons_and_waiting_ones_counted():
    text = summarise_unfinished(
        [
            Unfinished("encode", {"seed": "1"}),
            Unfinished("train", {"algorithm": "snip", "seed": "1"}, "the disk is full."),
            Unfinished("encode", {"seed": "2"}),
            Unfinished("all", {}),
            Unfinished("collect", {}),
            Unfinished("data", {"dataset": "digits"}, ""),
        ],
        "results/x/logs",
    )
    assert text.strip().splitlines() == [
        "The study is not complete.",
        "2 jobs failed; more is said in results/x/logs/ and above:",
        "  train (algorithm snip, seed 1): the disk is full.",
        "  data (dataset digits)",
        "3 jobs not run because of that: collect 1, encode 2.",
        "What was finished is kept; the same command goes on from there.",
    ]


def test_many_failures_are_cut_short():
    text = summarise_unfinished(
        (Unfinished("train", {"seed": f"{n:02}"}, "no.") for n in range(14)), "logs"
    )
    assert "14 jobs failed" in text
    assert text.count("train (seed") == 10
    assert "and 4 more" in text


def test_a_reason_is_not_cut_off_by_many_without_one():
    silent = [Unfinished("encode", {"seed": f"{n:02}"}, "") for n in range(14)]
    text = summarise_unfinished([*silent, Unfinished("train", {"seed": "1"}, "no.")], "logs")
    assert text.index("train (seed 1): no.") < text.index("encode (seed 00)")


def test_an_interrupted_run_has_no_failures():
    text = summarise_unfinished([Unfinished("train", {"seed": "1"})], "logs")
    assert "1 job not finished: train 1." in text
    assert "failed" not in text
