"""A hub of our own: what downloads of models and data sets ask of one, answered from folders on the disk."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

#: Of everything there is.
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve ``root/models/OWNER/NAME`` and ``root/datasets/OWNER/NAME``; gives the address and the log of requests."""
    requests: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Here", (_Hub,), {"root": root, "requests": requests}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


class _Hub(BaseHTTPRequestHandler):
    root: Path
    requests: list[str]
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer({})

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        json_ = self.headers.get("Content-Type", "").startswith("application/json")
        self._answer(json.loads(body) if json_ else parse_qs(body))

    def log_message(self, *arguments: object) -> None:
        self.requests.append(f"{self.command} {self.path}")

    def _answer(self, asked: dict[str, list[str]]) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        api = parts[0] == "api"
        parts = parts[api:]
        kind = parts.pop(0) if parts[0] in ("datasets", "models") else "models"
        folder, rest = self.root / kind / "/".join(parts[:2]), parts[2:]
        if len(parts) < 2 or not folder.is_dir():
            self._missing("RepoNotFound")
        elif rest and rest[1:2] != [COMMIT]:
            self._missing("RevisionNotFound")
        elif not api:
            self._file(folder / "/".join(rest[2:]))
        else:
            self._describe(folder, rest, asked)

    def _describe(self, folder: Path, rest: list[str], asked: dict[str, list[str]]) -> None:
        files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        what, under = rest[0] if rest else "revision", "/".join(rest[2:])
        if what == "revision":
            names = [{"rfilename": name} for name in files]
            self._json({"id": "/".join(folder.parts[-2:]), "sha": COMMIT, "siblings": names, "tags": []})
            return
        if what == "paths-info":
            wanted = {name for name in files if name in asked["paths"]}
        else:
            wanted = {name for name in files if name.startswith(f"{under}/" if under else "")}
        if what == "tree" and under and not wanted:
            self._missing("EntryNotFound")
            return
        self._json([
            {"type": "file", "path": name, "size": files[name].stat().st_size, "oid": _sha(files[name].read_bytes())}
            for name in sorted(wanted)
        ])  # fmt: skip

    def _file(self, path: Path) -> None:
        if not path.is_file():
            self._missing("EntryNotFound")
            return
        content = path.read_bytes()
        self._send(200, content, {"ETag": f'"{_sha(content)}"', "X-Repo-Commit": COMMIT})

    def _json(self, content: object) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _missing(self, code: str) -> None:
        self._send(404, b"{}", {"X-Error-Code": code})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _sha(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
