"""What docs/deploy.md offers is tried as far as it goes without a container engine or a cluster."""

from __future__ import annotations

import configparser
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import kubernetes_validate
import pytest
import typer
import yaml

from clv.apps.cli import app as cli
from clv.forecast import publish
from clv.insights import monitor
from clv.runs import Store
from tests.apps.browser.conftest import _free_port, _wait
from tests.places import ROOT
from tests.shops import make_run, shop

DEPLOY = ROOT / "deploy"
SHELL = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
MANIFESTS = [
    (path.name, document)
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]


def kind(name):
    return next(document for _, document in MANIFESTS if document["kind"] == name)


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """A shop's export, and a folder with a ``python`` that is this one and a ``sleep`` that ends all."""
    folder = tmp_path_factory.mktemp("deploy")
    (folder / "orders.csv").write_text(shop(customers=80), encoding="utf-8")
    for name, body in {"python": f'exec {sys.executable} "$@"', "sleep": "kill $PPID"}.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return folder


def shell(script, folder, **more):
    env = SHELL | {"PATH": f"{folder}:{SHELL['PATH']}"} | {k: str(v) for k, v in more.items()}
    return subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def line_of(done):
    return json.loads(next(row for row in done.stdout.splitlines() if row.startswith("{")))


# -- one machine ------------------------------------------------------------------------------------

#: Every key that the units use, by section; a misspelt one would be ignored with a warning only.
KEYS = {
    "Unit": {"Description", "After"},
    "Install": {"WantedBy"},
    "Timer": {"OnCalendar", "RandomizedDelaySec", "Persistent"},
    "Service": {
        *("Type", "User", "Group", "EnvironmentFile", "WorkingDirectory", "ExecStart"),
        *("ExecStartPost", "SuccessExitStatus", "Restart", "RestartSec", "TimeoutStartSec", "Nice"),
        *("StateDirectory", "StateDirectoryMode", "UMask", "ProtectSystem", "ProtectHome"),
        *("PrivateTmp", "PrivateDevices", "NoNewPrivileges", "ProtectKernelTunables"),
        *("ProtectControlGroups", "RestrictSUIDSGID", "RestrictAddressFamilies", "LimitNOFILE"),
    },
}
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


def unit(path):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_units_have_known_keys_and_run_without_rights(path):
    parsed = unit(path)
    for section in parsed.sections():
        assert set(parsed[section]) <= KEYS[section]
    if path.suffix == ".service":
        service = parsed["Service"]
        assert service["User"] == "clv"
        assert service["ProtectSystem"] == "strict"
        assert service["EnvironmentFile"] == "/etc/clv.env"
        assert service["WorkingDirectory"] == "/opt/clv"
    else:
        assert (DEPLOY / f"{path.stem}.service").exists()


def test_units_pass_systemds_own_check_where_it_is_there(tmp_path):
    assert len(UNITS) == 3
    if not shutil.which("systemd-analyze"):
        return  # The keys have been held against the list above.
    for path in UNITS:
        text = path.read_text(encoding="utf-8")
        text = text.replace("/opt/clv/.venv/bin/python", sys.executable)
        text = re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def settings():
    lines = (DEPLOY / "clv.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_unit_of_the_job_does_the_job(orders, tmp_path):
    service = unit(DEPLOY / "clv-forecast.service")["Service"]
    env = settings() | {"CLV_RUNS": tmp_path / "runs", "CLV_INPUT": orders / "orders.csv"}
    first, then = (
        service[k].replace("/opt/clv/.venv/bin/python", sys.executable)
        for k in ("ExecStart", "ExecStartPost")
    )
    done = shell(first, orders, **env)
    assert done.returncode == 0, done.stderr
    run = line_of(done)
    assert publish.published_id(Store(tmp_path / "runs")) == run["run"]
    again = shell(f"{first} && {then}", orders, **env)
    assert again.returncode == 0, again.stderr
    assert line_of(again)["reused"] is True
    assert service["SuccessExitStatus"] == str(monitor.EXIT["look"])


# -- Docker -----------------------------------------------------------------------------------------


def dockerfile():
    """Return the instructions, continued lines joined: (name, rest)."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


def arguments(name):
    return [rest for instruction, rest in dockerfile() if instruction == name]


def image_environment():
    return dict(pair.split("=", 1) for rest in arguments("ENV") for pair in shlex.split(rest))


def in_context(path):
    """Whether a file is sent to the build: the last pattern of .dockerignore that fits decides."""
    name, kept = path.relative_to(ROOT).as_posix(), True
    names = [name, *(p.as_posix() for p in Path(name).parents)]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!").rstrip("/").removeprefix("**/")
        if line and not line.startswith("#") and any(fnmatch.fnmatch(n, pattern) for n in names):
            kept = line.startswith("!")
    return kept


def test_the_image_is_pinned_in_two_stages_and_runs_without_rights():
    (base,) = arguments("ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.11\.\d+-slim-\w+", base)
    assert arguments("FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]
    names = [name for name, _ in dockerfile()]
    assert names.index("USER") < names.index("CMD")
    (user,) = arguments("USER")
    assert re.search(rf"useradd .*--uid 10001 .* {user}\b", " ".join(arguments("RUN")))
    assert "ADD" not in names
    (volume,) = arguments("VOLUME")
    env = image_environment()
    assert all(env[k].startswith(f"{volume}/") for k in ("CLV_RUNS", "CLV_MODELS"))


def test_what_is_pinned_is_what_these_tests_run_with_and_fits_together():
    quiet = ("--quiet", "--disable-pip-version-check")
    for command in (
        ("install", "--dry-run", "--no-deps", "--no-index", *quiet, "-r", "requirements.txt"),
        ("check", *quiet),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pip", *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_starts_from_nothing_but_its_context(tmp_path, orders):
    home = tmp_path / "app"
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in tracked:
        source = ROOT / name
        if source.is_file() and in_context(source):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, home / name)
    assert not (home / "tests").exists()
    assert (home / "data" / "marketplace.zip").exists()
    (step,) = [rest for rest in arguments("RUN") if "compileall" in rest]
    step = step.replace("/venv/bin/python", sys.executable)
    subprocess.run(["sh", "-c", step], cwd=home, check=True)
    before = {p for p in home.rglob("*") if p.is_file()}
    port = _free_port()
    env = image_environment() | {"PATH": SHELL["PATH"], "HOME": str(tmp_path)}
    env |= {"CLV_RUNS": str(tmp_path / "runs"), "STREAMLIT_SERVER_PORT": str(port)}
    env["STREAMLIT_SERVER_ADDRESS"] = "127.0.0.1"  # The test opens nothing to the network.
    command = [sys.executable, *json.loads(arguments("CMD")[0])[1:]]
    log = tmp_path / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=home, env=env, stdout=out, stderr=out)
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            (health,) = arguments("HEALTHCHECK")
            check = json.loads(health.partition("CMD")[2])
            check = [sys.executable, *(part.replace("8501", str(port)) for part in check[1:])]
            subprocess.run(check, check=True)
            for name in ("/api/health", "/"):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{name}", timeout=20) as got:
                    assert got.status == 200
        finally:
            process.terminate()
            process.wait(20)
    assert {p for p in home.rglob("*") if p.is_file()} == before, "its root is read-only"


def test_the_composed_job_forecasts_and_sleeps(orders, tmp_path):
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"dashboard", "forecast"}
    for service in services.values():
        assert service["image"] == "clv-workbench"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "data:/data" in service["volumes"]
    assert services["dashboard"]["ports"] == ["127.0.0.1:8501:8501"]
    assert "build" in services["dashboard"]
    assert services["forecast"]["pull_policy"] == "never", "or some versions fetch it, and fail"
    assert services["forecast"]["init"] is True
    script = services["forecast"]["command"][2].replace("$$", "$")
    done = shell(
        script, orders, CLV_INPUT=orders / "orders.csv", CLV_EVERY=9, CLV_RUNS=tmp_path / "runs"
    )
    assert line_of(done)["published"] is True, done.stderr
    assert "exit code 0" in done.stdout


# -- Kubernetes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "document"), MANIFESTS, ids=lambda v: v if isinstance(v, str) else v["kind"]
)
def test_manifests_fit_the_clusters_schemas(name, document):
    kubernetes_validate.validate(document, "1.37", strict=True)


def pods():
    deployment, job = kind("Deployment"), kind("CronJob")
    return {
        "Deployment": deployment["spec"]["template"]["spec"],
        "CronJob": job["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    }


@pytest.mark.parametrize("name", ["Deployment", "CronJob"])
def test_pods_share_the_store_and_have_no_rights(name):
    pod = pods()[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001, "as in the Dockerfile"
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    claims = [
        v["persistentVolumeClaim"]["claimName"]
        for v in pod["volumes"]
        if "persistentVolumeClaim" in v
    ]
    assert claims == [kind("PersistentVolumeClaim")["metadata"]["name"]]
    assert [m["name"] for m in container["volumeMounts"]] == ["data", "tmp"]
    assert container["volumeMounts"][0]["mountPath"] == arguments("VOLUME")[0]
    assert container["image"] == pods()["Deployment"]["containers"][0]["image"]


def test_the_service_finds_the_dashboard_and_keeps_visitors():
    service, deployment = kind("Service"), kind("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == deployment["spec"]["selector"]["matchLabels"]
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    (container,) = pods()["Deployment"]["containers"]
    assert container["ports"][0]["containerPort"] == int(arguments("EXPOSE")[0])
    probes = {
        container[p]["httpGet"]["path"] for p in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert probes == {"/_stcore/health", "/api/health"}
    assert container["envFrom"][0]["secretRef"]["name"] == kind("Secret")["metadata"]["name"]


def test_the_cron_job_does_the_job_and_tells_what_not_to_try_again(orders, tmp_path):
    job = kind("CronJob")["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    rules = job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert rules[0]["onExitCodes"]["values"] == [2, monitor.EXIT["stop"]]
    script = pods()["CronJob"]["containers"][0]["command"][2]
    script = script.replace("/data/in", str(orders))
    done = shell(script, orders, CLV_RUNS=tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert line_of(done)["published"] is True
    missing = script.replace("orders.csv", "nothing.csv")
    assert shell(missing, orders, CLV_RUNS=tmp_path / "runs").returncode == 2


# -- buckets ----------------------------------------------------------------------------------------


def test_a_run_goes_through_a_bucket_and_half_of_one_is_never_seen(tmp_path, orders):
    here, there, bucket = Store(tmp_path / "here"), Store(tmp_path / "there"), tmp_path / "bucket"
    run = make_run(here, shop(customers=80))
    publish.publish(here, run)
    (bucket / "runs").mkdir(parents=True)
    env = {"CLV_REMOTE": bucket, "CLV_COPY": "cp -rT"}
    done = shell("deploy/push.sh", orders, CLV_RUNS=here.root, **env)
    assert (done.returncode, done.stdout) == (0, f"{run.id}\n"), done.stderr
    # The line breaks down after the pointer has come.
    broken = orders / "broken"
    broken.write_text('#!/bin/sh\ncase "$1" in *published*) cp -rT "$@" ;; *) exit 1 ;; esac\n')
    broken.chmod(0o755)
    done = shell("deploy/pull.sh", orders, CLV_RUNS=there.root, **(env | {"CLV_COPY": broken}))
    assert done.returncode != 0
    assert there.runs() == []
    assert publish.published_id(there) is None
    for _ in range(2):
        done = shell("deploy/pull.sh", orders, CLV_RUNS=there.root, **env)
        assert done.returncode == 0, done.stderr
        assert publish.published(there).id == run.id
        assert publish.published(there).top("buyers", 3).equals(run.top("buyers", 3))


# -- the page itself --------------------------------------------------------------------------------


def blocks():
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    return text, re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL)


def test_the_page_names_what_there_is():
    text, _ = blocks()
    for target in re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", text):
        assert (ROOT / "docs" / target).resolve().exists(), target
    for word, code in monitor.EXIT.items():
        assert re.search(rf"^\| {code} \|", text, flags=re.MULTILINE), word


def test_the_pages_commands_have_the_options_they_use():
    text, found = blocks()
    commands = typer.main.get_command(cli)
    used = re.findall(r"python -m clv ([^`\n\\]+)", text.replace("\\\n", " "))
    assert len(used) > 6
    assert found
    for line in used:
        words = shlex.split(line.split(">>")[0])
        group = commands
        while words and words[0] in getattr(group, "commands", {}):
            group = group.commands[words.pop(0)]
        options = {o for p in group.params for o in p.opts}
        assert {w for w in words if w.startswith("--")} <= options, line


def test_scripts_can_be_started_and_parse():
    for path in DEPLOY.glob("*.sh"):
        assert path.stat().st_mode & 0o111
        subprocess.run(["sh", "-n", path], check=True)
