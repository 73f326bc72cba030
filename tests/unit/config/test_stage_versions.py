"""An edit of an expensive stage without a raised version would leave stale results in place unnoticed."""

import json

from tests.stage_digests import RECORD, code_digest, present


def test_expensive_stages_were_not_edited_without_a_new_version():
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    now = present()
    stale = [name for name in now if name in recorded and now[name] != recorded[name]]
    unknown = [name for name in now if name not in recorded and name.startswith("stage ")]
    assert not stale, (
        f"the sources of {stale} changed: raise the version if results change, then record the new state with "
        "`python -m tests.stage_digests`"
    )
    assert not unknown, f"{unknown} are not recorded yet: run `python -m tests.stage_digests`"


def test_the_digest_sees_code_and_not_docstrings_or_comments(tmp_path):
    path = tmp_path / "module.py"
    path.write_text('"""One."""\n\n\ndef double(x):\n    """Doc."""\n    return 2 * x\n')
    first = code_digest([path])
    path.write_text('"""Two."""\n\n\n# why\ndef double(x):\n    return 2 * x\n')
    assert code_digest([path]) == first
    path.write_text("def double(x):\n    return 3 * x\n")
    assert code_digest([path]) != first
