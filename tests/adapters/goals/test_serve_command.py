"""`gdg-runtime serve`, as a process and as a command line."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from gdg_runtime.adapters.cli import serve

TOKEN = "0123456789abcdef"
NEW = {"text": "Tidy the test data", "category": "maintenance"}


class Server:
    """`gdg-runtime serve` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.said = process.stdout.readline()
        found = re.search(r"http://\S+:\d+", self.said)
        assert found, f"{self.said}{process.stderr.read()}"
        self.url = found[0]

    def ended(self) -> tuple[int, str]:
        """The exit code, and what stands on stderr."""
        _, told = self.process.communicate(timeout=60)
        return self.process.returncode, told


@pytest.fixture
def start(gdg_process) -> Iterator:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object, **environment: str) -> Server:
        known = {name: value for name, value in os.environ.items() if not name.startswith("GDG_")}
        process = gdg_process("serve", "--port", 0, *arguments, env={**known, **environment})
        started.append(process)
        return Server(process)

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_lets_the_request_in_flight_be_finished(start, tmp_path, number, code) -> None:
    """The request waits for a lock that the test holds on the database."""
    server = start()
    with httpx2.Client(base_url=server.url, timeout=60, verify=False) as client:
        assert client.post("/v1/goals", json=NEW).status_code == 201
    answers = []

    def ask() -> None:
        answers.append(httpx2.post(f"{server.url}/v1/goals", json=NEW, timeout=60))

    with sqlite3.connect(tmp_path / "goals.db", isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        asking = threading.Thread(target=ask)
        asking.start()
        while not _in_flight(server):
            pass
        server.process.send_signal(number)
        assert server.process.stderr.readline().startswith("Finishing the requests in flight")
        assert answers == []
        lock.execute("COMMIT")
    lock.close()
    asking.join(60)
    assert [answer.status_code for answer in answers] == [201]
    assert server.ended()[0] == code
    with sqlite3.connect(tmp_path / "goals.db") as after:
        assert after.execute("SELECT count(*) FROM goals").fetchone() == (2,)
    after.close()


def _in_flight(server: Server) -> bool:
    """Whether the server has taken a request that it can't answer: others then wait as well."""
    try:
        httpx2.get(f"{server.url}/v1/goals", timeout=0.3)
    except httpx2.TimeoutException:
        return True
    return False


def test_a_second_signal_stops_at_once(start, tmp_path) -> None:
    server = start()
    with sqlite3.connect(tmp_path / "goals.db", isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        asking = threading.Thread(target=lambda: _try(server))
        asking.start()
        while not _in_flight(server):
            pass
        server.process.send_signal(signal.SIGTERM)
        server.process.stderr.readline()
        server.process.send_signal(signal.SIGTERM)
        lock.execute("COMMIT")
    lock.close()
    asking.join(60)
    assert server.ended()[0] == 0


def _try(server: Server) -> None:
    with suppress(httpx2.HTTPError):
        httpx2.post(f"{server.url}/v1/goals", json=NEW, timeout=60)


def test_it_serves_a_file_to_this_machine_without_a_token(start) -> None:
    server = start("--db", "my.db", "--verbose", GOAL_SYSTEM="on", GOAL_SHADOW="off")
    assert server.said.startswith("Serving the goals in my.db at http://127.0.0.1:")
    assert "no token is asked for" in server.said
    with httpx2.Client(base_url=server.url, verify=False) as client:
        goal = client.post("/v1/goals", json=NEW)
        line = json.loads(server.process.stderr.readline())
        assert (line["event"], line["status"]) == ("request", 201), "--verbose"
        assert line["trace_id"] == goal.headers["X-Trace-Id"]
        client.post(f"/v1/goals/{goal.json()['id']}/adopt")
        told = client.post("/v1/goals/next", json={"selection_key": "a"}).json()
    assert told["task"]["goal_id"] == goal.json()["id"], "the flags are those of the environment"


def test_it_serves_others_who_have_the_token(start, tmp_path) -> None:
    """The file's token goes before the environment's; and trouble alone is logged."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    server = start("--host", "0.0.0.0", "--token-file", "token", GDG_TOKEN="another-token")
    assert "no token" not in server.said
    local = server.url.replace("0.0.0.0", "127.0.0.1")
    wrong = httpx2.get(f"{local}/v1/goals", headers={"Authorization": "Bearer another-token"})
    right = httpx2.get(f"{local}/v1/goals", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (wrong.status_code, right.status_code) == (401, 200)
    server.process.send_signal(signal.SIGTERM)
    code, told = server.ended()
    assert code == 0
    assert told.startswith("Finishing the requests in flight")


# --- in this process: what is refused before anything is served -----------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_A12_it_does_not_listen_to_others_without_a_token(gdg, monkeypatch, host: str) -> None:
    monkeypatch.delenv("GDG_TOKEN", raising=False)
    ran = gdg("serve", "--host", host)
    assert ran.code == 2
    assert "GDG_TOKEN" in ran.err


@pytest.mark.parametrize("token", ["", "  ", "two words", "gr\u00fcn", "a\nb"])
def test_A12_a_token_that_can_not_be_sent_is_refused(gdg, monkeypatch, token: str) -> None:
    monkeypatch.setenv("GDG_TOKEN", token)
    ran = gdg("serve")
    assert ran.code == 2
    assert "GDG_TOKEN holds no token" in ran.err


def test_a_flag_that_is_not_understood_stops_the_start(gdg, monkeypatch) -> None:
    monkeypatch.setenv("GOAL_SHADOW", "maybe")
    ran = gdg("serve")
    assert ran.code == 2
    assert "GOAL_SHADOW" in ran.err


def test_a_file_that_is_no_database_is_told_of(gdg, tmp_path) -> None:
    (tmp_path / "goals.db").write_text("something else entirely, and long enough to be read\n" * 99)
    ran = gdg("serve")
    assert ran.code == 2
    assert "goals.db" in ran.err


def test_an_address_that_is_taken_is_told_of(gdg) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = gdg("serve", "--port", taken.getsockname()[1])
    assert ran.code == 1
    assert "cannot listen at 127.0.0.1:" in ran.err
    assert "already in use" in ran.err


def test_who_lacks_a_library_is_told_what_to_install(gdg, monkeypatch) -> None:
    found = serve.find_spec
    monkeypatch.setattr(
        serve, "find_spec", lambda name: None if name == "hypercorn" else found(name)
    )
    ran = gdg("serve")
    assert ran.code == 2
    assert "pip install 'gdg-runtime[server]'" in ran.err


def test_the_libraries_are_loaded_by_nobody_else() -> None:
    code = (
        "import sys; from gdg_runtime.adapters.cli import serve; "
        "print([name for name in ('fastapi', 'hypercorn') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
