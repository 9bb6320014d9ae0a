"""``damselfly agent``: its settings, and what it says when there is no switch."""

from __future__ import annotations

from pathlib import Path

import pytest

from damselfly.cli.commands.agent import read_config
from damselfly.errors import BadInput

from .conftest import Damselfly


def test_settings_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('bridge = "br-test"\npacket_rate = 100\nretry = 2\n')
    config = read_config(str(file))
    assert (config.bridge, config.packet_rate, config.retry) == ("br-test", 100, 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('brigde = "x"', "did you mean bridge"),
        ("bridge = 7", "bridge"),
        ('packet_rate = "fast"', "packet_rate"),
        ("bridge", "is no TOML"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=words) as caught:
        read_config(str(file))
    assert str(file) in str(caught.value)


def test_an_address_for_metrics_that_is_none_is_bad_input(
    damselfly: Damselfly, tmp_path: Path
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('metrics = "localhost"\n')
    answer = damselfly("agent", "--config", file, "--ovsdb", f"unix:{tmp_path}/db.sock")
    assert answer.code == 2
    assert "127.0.0.1:9754" in answer.err


def test_a_missing_file_of_settings_is_named(damselfly: Damselfly) -> None:
    answer = damselfly("agent", "--config", "/nowhere/agent.toml")
    assert (answer.code, answer.err) == (
        2,
        "error: /nowhere/agent.toml: No such file or directory\n",
    )


def test_no_open_vswitch_is_one_clear_line(damselfly: Damselfly, tmp_path: Path) -> None:
    answer = damselfly("agent", "--ovsdb", f"unix:{tmp_path}/db.sock")
    assert answer.code == 4
    assert len(answer.err.splitlines()) == 1


def test_a_completion_script_is_printed(damselfly: Damselfly) -> None:
    for shell in ("bash", "zsh", "fish"):
        answer = damselfly("completion", shell)
        assert (answer.code, "_DAMSELFLY_COMPLETE" in answer.out) == (0, True)
