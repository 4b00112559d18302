#!/usr/bin/env python3
"""Sets the project up and runs it: ``python3 dev.py run`` or ``python3 dev.py test`` on a fresh machine.

Only the standard library, and only syntax that an old Python can read, so that a machine whose Python
is too old is told so in a sentence.
"""

import argparse
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "xinyi-ready"
LOCK = ROOT / "requirements.lock"
OLDEST_PYTHON = (3, 11)

# Each need is a list of package names, any one of which fills it; the first that the distribution offers is
# installed. Two names stand where Ubuntu 24.04 renamed a library.
WINDOW_NEEDS = [
    ["libegl1"],
    ["libgl1"],
    ["libxkbcommon0"],
    ["libxkbcommon-x11-0"],
    ["libdbus-1-3"],
    ["libfontconfig1"],
    ["libglib2.0-0t64", "libglib2.0-0"],
    ["libxcb-cursor0"],
    ["libxcb-icccm4"],
    ["libxcb-image0"],
    ["libxcb-keysyms1"],
    ["libxcb-randr0"],
    ["libxcb-render-util0"],
    ["libxcb-shape0"],
    ["libxcb-xinerama0"],
    ["libxcb-xkb1"],
]
# Noto for the screen; reportlab needs TrueType outlines, which Noto CJK has not: Droid and WenQuanYi have.
FONT_NEEDS = [["fonts-noto-cjk"], ["fonts-droid-fallback"], ["fonts-wqy-zenhei"], ["fonts-hanazono"]]
TEST_NEEDS = [
    ["xvfb"],
    ["poppler-utils"],
    ["fontconfig"],
    ["sqlcipher"],
    ["dbus"],
    ["gnome-keyring"],
    ["postgresql"],
    ["chromium", "chromium-browser"],
    ["chromium-driver", "chromium-chromedriver"],
]
SOAK_MINUTES = 30


class Stop(Exception):
    """What a person has to do before this can go on, as one sentence."""


def say(text):
    print("dev.py: " + text, flush=True)


def venv_program(name):
    if os.name == "nt":
        return VENV / "Scripts" / (name + ".exe")
    return VENV / "bin" / name


def run(command, quiet=False, **options):
    """Run a command; on failure show what it printed and stop."""
    if not quiet:
        return subprocess.run([str(part) for part in command], check=False, **options).returncode
    done = subprocess.run(
        [str(part) for part in command], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode("utf-8", "replace")[-4000:])
        raise Stop("`{}` failed; the lines above say why.".format(" ".join(str(part) for part in command[:6])))
    return 0


# ---- system packages (Debian and Ubuntu) ----


def installed(package):
    done = subprocess.run(
        ["dpkg-query", "-W", "-f=${db:Status-Abbrev}", package],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.returncode == 0 and done.stdout.decode().startswith("ii")


def offered(package):
    done = subprocess.run(
        ["apt-cache", "show", package], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return done.returncode == 0


def venv_needs():
    """What `python3 -m venv` lacks: Debian splits ensurepip into a package of its own."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return [["python{}.{}-venv".format(*sys.version_info[:2])]]
    return []


def install_system_packages(needs):
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        return
    missing = [names for names in needs if not any(installed(name) for name in names)]
    if not missing:
        return
    root = os.geteuid() == 0
    if root:
        run(["apt-get", "update", "-q"], quiet=True)
    wanted = [next((name for name in names if offered(name)), names[-1]) for names in missing]
    if not root:
        raise Stop(
            "system packages are missing. Run this one line, then try again:\n"
            "    sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(wanted)
        )
    say("installing system packages: " + " ".join(wanted))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *wanted], quiet=True, env=environment)


# ---- virtual environment ----


def fingerprint():
    """Changes when the environment has to be made again."""
    digest = hashlib.sha256()
    for part in (LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), str(ROOT).encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def setup(needs):
    """Bring the machine to where `.venv/bin/xinyi` runs; nothing to do takes a fraction of a second."""
    if sys.version_info < OLDEST_PYTHON:
        raise Stop("Python {}.{} or newer is needed; this is {}.".format(*OLDEST_PYTHON, sys.version.split()[0]))
    wanted = fingerprint()
    checked = hashlib.sha256(repr(needs).encode()).hexdigest()
    ready = STAMP.read_text().split() if STAMP.exists() else []
    if wanted in ready and checked in ready:
        return
    install_system_packages(venv_needs() + needs)
    if wanted not in ready:
        make_environment()
        ready = [wanted]
    STAMP.write_text("\n".join([*ready, checked]) + "\n")


def make_environment():
    say("preparing .venv (the first time this takes some minutes)")
    STAMP.unlink(missing_ok=True)
    run([sys.executable, "-m", "venv", "--clear", VENV], quiet=True)
    python = venv_program("python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    run([*pip, "--require-hashes", "--only-binary=:all:", "-r", LOCK], quiet=True)
    # setuptools is in the lock, so the build needs no second, unpinned download.
    run([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT], quiet=True)


# ---- commands ----


def has_display():
    if os.name == "nt" or sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def command_setup(_arguments):
    setup(WINDOW_NEEDS + FONT_NEEDS)
    say("ready: {}".format(venv_program("xinyi").relative_to(ROOT)))
    return 0


def command_run(arguments):
    setup(WINDOW_NEEDS + FONT_NEEDS)
    options = arguments.rest or ([] if has_display() else ["--headless"])
    return run([venv_program("xinyi"), "demo", *options])


def test_environment():
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen", PYTHONWARNINGS="error")
    # A developer's own archive must never be opened by a test.
    names = ["XINYI_ARCHIVE", "XINYI_USER", "XINYI_PASSWORD_FILE", "XINYI_LANGUAGE", "XINYI_SOAK"]
    # Containers often forbid it; then every process that a test starts compiles the whole program again.
    names.append("PYTHONDONTWRITEBYTECODE")
    for name in names:
        environment.pop(name, None)
    return environment


CHECKS = [
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    # By far the slowest: with a process for each core it takes half the time on two.
    ["mypy", "--num-workers", os.cpu_count() or 1],
    ["lint-imports"],
    ["deptry", "."],
]


def command_lint(_arguments):
    setup(WINDOW_NEEDS + FONT_NEEDS)
    failed = []
    for name, *options in CHECKS:
        if run([venv_program(name), *options], cwd=ROOT):
            failed.append(name)
    if failed:
        say("failed: " + ", ".join(failed))
    return 1 if failed else 0


def command_test(arguments):
    setup(WINDOW_NEEDS + FONT_NEEDS + TEST_NEEDS)
    if not arguments.rest and command_lint(arguments):
        return 1
    options = arguments.rest or ["-n", "auto", "--dist", "worksteal"]
    return run([venv_program("python"), "-m", "pytest", *options], cwd=ROOT, env=test_environment())


def command_soak(arguments):
    """Rounds of the same tests, each with a seed of its own, until the time is over; with a seed given, that round."""
    try:
        minutes, seed = (*map(int, arguments.rest), *[None] * (2 - len(arguments.rest)))
    except ValueError:
        raise Stop("soak takes a number of minutes, and the seed of a round that shall be tried again.") from None
    setup(WINDOW_NEEDS + FONT_NEEDS + TEST_NEEDS)
    end = time.monotonic() + 60 * (SOAK_MINUTES if minutes is None else minutes)
    rounds = 0
    while rounds == 0 or (seed is None and time.monotonic() < end):
        rounds += 1
        number = seed if seed is not None else random.SystemRandom().randrange(10**9)
        say("round {}, seed {} (again: python3 dev.py soak 0 {})".format(rounds, number, number))
        options = ["-q", "-n", "auto", "--dist", "worksteal", "-m", "hypothesis or soak", "--hypothesis-seed", number]
        environment = dict(test_environment(), XINYI_SOAK=str(number))
        failed = run([venv_program("python"), "-m", "pytest", *options], cwd=ROOT, env=environment)
        if failed:
            return failed
    say("{} rounds, nothing found".format(rounds))
    return 0


def command_bench(arguments):
    setup(WINDOW_NEEDS + FONT_NEEDS + TEST_NEEDS)
    return run([venv_program("python"), ROOT / "tests" / "bench" / "run.py", *arguments.rest], cwd=ROOT)


def command_pictures(arguments):
    setup(WINDOW_NEEDS + FONT_NEEDS)
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    return run([venv_program("python"), ROOT / "docs" / "pictures.py", *arguments.rest], cwd=ROOT, env=environment)


def command_lock(_arguments):
    """Pin what pyproject.toml asks for; needs `uv` on the path."""
    options = ["--universal", "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url", "-q"]
    return run(["uv", "pip", "compile", *options, "--extra", "dev", "pyproject.toml", "-o", LOCK], cwd=ROOT)


COMMANDS = {
    "run": (command_run, "open the desktop on a ready demonstration county (headless where there is no display)"),
    "test": (command_test, "every check and every test; arguments after it go to pytest alone"),
    "soak": (command_soak, "properties, kills and power cuts, over and over: soak [minutes] [seed]"),
    "setup": (command_setup, "only prepare; leaves the program at .venv/bin/xinyi"),
    "lint": (command_lint, "ruff, mypy, import rules, dependencies"),
    "bench": (command_bench, "the speed comparisons, as ratios within one run"),
    "pictures": (command_pictures, "make the pictures of README and docs again"),
    "lock": (command_lock, "pin the dependencies again (needs uv)"),
}


def main():
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (function, help_text) in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, prefix_chars="\0")
        command.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
        command.set_defaults(function=function)
    arguments = parser.parse_args()
    try:
        return arguments.function(arguments)
    except Stop as stop:
        print("dev.py: " + str(stop), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
