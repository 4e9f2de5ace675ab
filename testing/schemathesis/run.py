"""Sends what Manent's own OpenAPI document allows, and what it does not, to a real server, and holds the answers against the document.

Starts the server twice (modes local and accounts), each time in a directory of its own, and stops it again. Ends with 1 when anything was
found. `cargo xtask test --only schema` prepares Python and calls this.
"""

import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
READY = "Manent is ready at "

# What cannot be judged by its answer alone: the feed has no end, and whoever ends their own sign-in is told nothing more.
NOT_ASKED = [
    "GET /feed",
    "POST /auth/sign-out",
    "DELETE /account/sessions/{id}",
    "POST /admin/accounts/{id}/end-sessions",
]


@contextlib.contextmanager
def server(binary, mode):
    """A server on a free port that is stopped at the end; its log must not tell of a failure."""
    with tempfile.TemporaryDirectory() as directory:
        rules = HERE.parent.parent / "crates/manent-scripted/rules/test.toml"
        configuration = pathlib.Path(directory) / "manent.toml"
        configuration.write_text(
            f'mode = "{mode}"\nproviders_from_environment = false\n[log]\nfilter = "warn"\nformat = "json"\n'
            f"[[providers]]\nid = \"scripted\"\nkind = \"scripted\"\nrules = '{rules.resolve()}'\n"
        )
        log = open(pathlib.Path(directory) / "log", "w+", encoding="utf-8")
        arguments = ["serve", "--config", str(configuration), "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(
            [binary, *arguments, "--data-dir", directory],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={},
            cwd=directory,
        )
        try:
            for line in process.stdout:
                if line.startswith(READY):
                    yield line.removeprefix(READY).strip().rstrip("/")
                    break
            else:
                log.seek(0)
                sys.exit("the server did not start:\n" + log.read())
        finally:
            process.terminate()
            process.wait(timeout=60)
        log.seek(0)
        failures = [line for line in log if '"level":"ERROR"' in line]
        if failures:
            sys.exit("the server's log tells of failures:\n" + "".join(failures[:20]))


def post(url, body):
    """Posts JSON and gives the JSON of the answer."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def token_of_a_person(url):
    """Registers somebody and signs them in."""
    person = {"email": "ada@example.org", "password": "correct horse battery staple"}
    post(f"{url}/auth/register", {"name": "Ada", **person})
    return post(f"{url}/auth/sign-in", person)["token"]


def check(binary, mode, arguments):
    """Asks the server in this mode."""
    with server(binary, mode) as url:
        command = [
            str(pathlib.Path(sys.executable).parent / "schemathesis"),
            "--config-file",
            str(HERE / "schemathesis.toml"),
            "run",
            f"{url}/openapi.json",
            "--url",
            url,
            "--max-examples",
            str(arguments.examples),
            "--seed",
            str(arguments.seed),
            "--no-color",
        ]
        for operation in NOT_ASKED:
            command += ["--exclude-name", operation]
        if mode == "accounts":
            command += ["--header", f"Authorization: Bearer {token_of_a_person(url)}"]
        print(f"  schemathesis, mode {mode}", flush=True)
        return subprocess.run(command + arguments.more, check=False).returncode


def main():
    """Reads the command line and asks in both modes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="the manent to start")
    parser.add_argument("--examples", type=int, default=12, help="inputs for each operation and kind")
    parser.add_argument("--seed", type=int, default=4711)
    parser.add_argument("--mode", action="append", choices=["local", "accounts"])
    parser.add_argument("more", nargs="*", help="more arguments of schemathesis, behind --")
    arguments = parser.parse_args()
    modes = arguments.mode or ["local", "accounts"]
    codes = [check(arguments.server, mode, arguments) for mode in modes]
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()
