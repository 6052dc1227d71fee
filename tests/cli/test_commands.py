"""The command line's rows: each module is found by the words that its commands begin with."""

import pytest

from careweft.cli import MODULES, commands, main

WORDS = sorted({one.words[0] for one in commands()})


@pytest.mark.parametrize("word", WORDS)
def test_a_word_loads_all_commands_that_begin_with_it(word: str) -> None:
    """What is loaded for one word holds every command of the whole that begins with it."""
    mine = [one.words for one in commands() if one.words[0] == word]
    assert [one.words for one in commands(word) if one.words[0] == word] == mine


def test_no_module_is_listed_for_words_it_lacks() -> None:
    """The table of modules names the words of the commands, and no others."""
    assert sorted(word for words in MODULES.values() for word in words) == WORDS


def test_an_unknown_word_is_told_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """A word that no command begins with ends with 2 and the list of what there is."""
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert all(word in told for word in WORDS)
