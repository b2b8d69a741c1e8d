"""A model is asked in a process of its own; whatever it does, the answer is a sentence."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

import dill
import numpy as np
import pytest

from clv.core.errors import ModelAnswerError, ModelFileError, ModelLimitError, SettingsError
from clv.learn.ready_made.listing import HERE, listing
from clv.learn.ready_made.process import Limits, predict
from tests.learn.ready_made.case import SUMS, dilled, in_notebook
from tests.places import ROOT, SHARED

REAL = SHARED / "lesara" / "model.dill"
#: The brief's example.
FIGURES = np.array([[3, 92.6, 109.3, 2, 12, 26], [2, 10.4, 43.5, 3, 26, 5]])


def ask(body: str, limits: Limits | None = None, **options):
    return predict("m", dilled(body, **options), FIGURES, limits)


@pytest.mark.parametrize(
    "body",
    [
        SUMS,
        # The notebook's own imports, which are not in the file.
        "return np.sum(X, axis=1)",
        "return pd.DataFrame(X).sum(axis=1)",
        # Prints, in every way there is.
        "import os\nprint('hello' * 1000)\nos.write(1, b'x')\nos.system('echo y')\nreturn X.sum(axis=1)",
        "return X.sum(axis=1, keepdims=True).tolist()",
    ],
)
def test_one_value_per_row(body):
    values = ask(body)
    assert values.shape == (2,)
    np.testing.assert_allclose(values, [244.9, 89.9], rtol=0, atol=1e-12)


def test_the_model_gets_the_figures_to_the_last_bit():
    figures = np.random.default_rng(7).normal(size=(500, 6)) * 1e6
    for column in (0, 5):
        found = predict("m", dilled(f"return X[:, {column}]"), figures)
        np.testing.assert_array_equal(found, figures[:, column])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return [1.0]", "answered with 1 number for 2 customers"),
        ("return 3.0", "answered with 1 number for 2 customers"),
        ("return X[:, :2]", "answered with 2 × 2 numbers for 2 customers"),
        ("return [1.0, float('nan')]", "gave no number for 1 customer"),
        ("return X[:, 0] / 0.0", "gave no number for 2 of 2 customers"),
        ("return ['a', 'b']", "something other than numbers"),
        ("return None", r"something other than numbers \(NoneType\)"),
        ("return (x for x in X[:, 0])", r"something other than numbers \(generator\)"),
        # What numpy would turn into numbers without a word.
        ("return X[:, 0] > 2", r"something other than numbers \(bool\)"),
        ("return X[:, 0] + 1j", r"something other than numbers \(complex128\)"),
        ("return np.array(['2017-01-01', '2017-01-02'], 'M8[D]')", "something other than numbers"),
        ("return X[:, 0] * 1e12", "gave 2 of 2 customers a value beyond 1,000,000,000,000"),
        (
            "raise ValueError('no\\nway\\x1b[31m')",
            r"failed on these customers: ValueError: no way \[31m\n",
        ),
        ("return frob(X)", 'looks for "frob", which is not in its file'),
        ("raise SystemExit(0)", "failed on these customers: SystemExit"),
        (
            (
                "import os\nfor n in range(3, 20):\n    try: os.write(n, b'xx')\n"
                "    except OSError: pass\nreturn X[:, 0]"
            ),
            "something that is no answer",
        ),
    ],
)
def test_answers_that_are_none(body, says):
    with pytest.raises(ModelAnswerError) as caught:
        ask(body)
    assert caught.match(rf'^The ready-made model "m" .*(?:{says})')
    assert caught.value.hint


@pytest.mark.parametrize(
    ("body", "seconds", "says"),
    [
        ("while True: pass", 1, "it took longer than 1 second"),
        ("import time\ntime.sleep(60)", 1, "it took longer than 1 second"),
        ("return bytearray(10**12)", 60, "it took more than 2,048 MB of memory"),
        ("import ctypes\nctypes.string_at(0)", 60, "its process ended by SIGSEGV"),
        ("import os\nos._exit(0)", 60, "its process ended without an answer"),
        # The system's way to say that the limit on computing is reached.
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)",
            60,
            "it took longer than 60 seconds",
        ),
    ],
)
def test_models_that_take_too_much_or_break_down(body, seconds, says):
    with pytest.raises(ModelLimitError, match=says):
        ask(body, Limits(seconds=seconds))


def test_the_process_has_neither_our_environment_nor_our_folder(monkeypatch):
    monkeypatch.setenv("CLV_SECRET", "42")
    told = ask(
        "import os\nhere = os.getcwd()\n"
        "return [len([k for k in os.environ if k.startswith(('CLV', 'PYTHON'))]), "
        "here.startswith('/') and os.path.basename(here).startswith('clv-model-')]"
    )
    assert told.tolist() == [0.0, 1.0]
    assert "CLV_SECRET" in os.environ


def test_there_is_no_network_where_the_system_lets_us():
    body = (
        "import os\ntry:\n    found = sorted(os.listdir('/sys/class/net'))\nexcept OSError:\n    found = []\n"
        "import socket\ns = socket.socket()\ns.settimeout(1)\n"
        "try:\n    s.connect(('127.0.0.1', 9))\n    refused = 0\n"
        "except ConnectionRefusedError:\n    refused = 0\nexcept OSError:\n    refused = 1\nreturn [refused, 0]"
    )
    if not may_unshare(NETWORK):
        pytest.skip("this system doesn't let a user give up the network")
    assert ask(body).tolist() == [1.0, 0.0]


def has_landlock() -> bool:
    script = (
        "import ctypes, sys; "
        "sys.exit(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 1)"
    )
    return subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.skipif(not has_landlock(), reason="this system has no Landlock")
def test_it_changes_no_files_of_others_and_runs_no_programs(tmp_path):
    file = tmp_path / "kept"
    file.write_text("kept", encoding="utf-8")
    body = (
        "import os, subprocess\ndone = []\ndef tried(what):\n    try:\n        what()\n"
        "        done.append(1)\n    except OSError:\n        done.append(0)\n"
        f"path = {str(file)!r}\n"
        "tried(lambda: open(path, 'a'))\ntried(lambda: os.truncate(path, 0))\n"
        "tried(lambda: os.remove(path))\ntried(lambda: os.mkdir(path + '-new'))\n"
        "tried(lambda: os.rename(path, 'mine'))\ntried(lambda: subprocess.run(['/bin/true']))\n"
        "tried(lambda: open('mine', 'w'))\ntried(lambda: open(os.devnull, 'w'))\n"
        "tried(lambda: os.mkdir('folder'))\n"
        "os.system('echo broken > ' + path)\n"
        "return [int(''.join(map(str, done))), len(open(path).read())]"
    )
    assert ask(body).tolist() == [111.0, 4.0]
    assert file.read_text(encoding="utf-8") == "kept"
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_what_loading_would_run_is_refused_before_it_is_allowed_and_confined_after(shelf, tmp_path):
    file = tmp_path / "proof"
    command = f"touch {file}"
    content = b"cposix\nsystem\n(V" + command.encode() + b"\ntR."
    assert listing(content).suspect == ("posix.system",)
    shelf.root.mkdir()
    (shelf.root / "bad.dill").write_bytes(content)
    with pytest.raises(ModelFileError, match="There is no ready-made model"):
        shelf.load("bad")
    assert not file.exists()
    shelf.put("bad", content)
    with pytest.raises(ModelFileError, match='is a "int" and has no function predict'):
        predict("bad", shelf.load("bad")[1], FIGURES)
    assert file.exists() != has_landlock()


NETWORK, PROCESSES, USER = 0x40000000, 0x20000000, 0x10000000


def may_unshare(what: int) -> bool:
    script = (
        "import ctypes, sys; c = ctypes.CDLL(None); "
        f"sys.exit(all(c.unshare(how) for how in ({what}, {what | USER})))"
    )
    return subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_it_has_started_ends_with_it_also_what_has_left_its_group(tmp_path):
    if not may_unshare(NETWORK | PROCESSES):
        pytest.skip("this system doesn't let a user have processes apart")
    kept = tmp_path / "kept"
    kept.touch()
    body = (
        f"import fcntl, os, time\nfile = open({str(kept)!r})\nfcntl.flock(file, fcntl.LOCK_SH)\n"
        "if not os.fork():\n    os.setsid()\n    time.sleep(600)\nreturn X[:, 0]"
    )
    assert ask(body).tolist() == [3.0, 2.0]
    # Whoever was left would hold it still.
    with kept.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_model_without_predict():
    with pytest.raises(ModelFileError, match='is a "list" and has no function predict'):
        predict("m", dill.dumps([1, 2]), FIGURES)


def test_a_model_that_needs_a_package_which_is_not_here():
    # A reference to a class that some other package holds.
    content = b"\x80\x04\x8c\x0bnobodyshere\x94\x8c\x05Model\x94\x93\x94)\x81\x94."
    with pytest.raises(ModelFileError, match='needs the package "nobodyshere"'):
        predict("m", content, FIGURES)


def test_the_real_file_says_which_python_wrote_it_and_the_way_out():
    if not REAL.exists():
        pytest.skip("the real file is not here")
    with pytest.raises(ModelFileError, match=r"written under Python 3\.6 or 3\.7") as caught:
        predict("lesara", REAL.read_bytes(), FIGURES)
    assert caught.value.hint == (
        f"Ask its maker to write it again, with dill.dump, under Python {HERE}."
    )


def test_limits_come_from_the_environment(monkeypatch):
    assert Limits.from_environment() == Limits(60, 2048)
    monkeypatch.setenv("CLV_MODEL_SECONDS", "5")
    monkeypatch.setenv("CLV_MODEL_MEMORY_MB", "900")
    assert Limits.from_environment() == Limits(5, 900)
    monkeypatch.setenv("CLV_MODEL_SECONDS", "soon")
    with pytest.raises(SettingsError, match='CLV_MODEL_SECONDS is "soon"'):
        Limits.from_environment()


def test_the_documented_example_gives_the_documented_numbers():
    text = (ROOT / "docs" / "ready-made.md").read_text(encoding="utf-8")
    example = text.partition("```python\n")[2].partition("```")[0].partition("with open")[0]
    content = in_notebook(f"{example}\nwritten = dill.dumps(Model(), recurse=True)\n", "written")
    np.testing.assert_allclose(predict("m", content, FIGURES), [244.9, 89.9], rtol=0, atol=1e-12)
