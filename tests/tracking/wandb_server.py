"""A W&B server on the loopback: enough of its API for runs, workspaces and reports, or to stop answering."""

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Serves until `close`.

    Attributes:
        history: rows of metrics that arrived.
        uploads: names of the files that arrived.
        runs: what runs said of themselves when they began: group, tags and so on.
        artifacts: names of those that were announced; they are said to be there already, so that no file comes.
        views: workspaces (of type `project-view`) and reports (`runs`) that were saved.
        answers: cleared, requests are taken and never answered.
    """

    def __init__(self):
        self.history: list[dict] = []
        self.uploads: list[str] = []
        self.runs: list[dict] = []
        self.artifacts: list[str] = []
        self.views: list[dict] = []
        self.answers = threading.Event()
        self.answers.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                server.answers.wait()
                answer = json.dumps(server.answer(self.path, body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def answer(self, path: str, body: bytes) -> dict:
        if path.startswith("/upload/"):
            self.uploads.append(path.removeprefix("/upload/"))
        if path.endswith("/file_stream"):
            files = json.loads(body).get("files") or {}
            rows = files.get("wandb-history.jsonl", {}).get("content", [])
            self.history += [json.loads(row) for row in rows]
        if not path.endswith("/graphql"):
            return {}
        request = json.loads(body)
        (operation,) = re.findall(r"^\s*(?:query|mutation) (\w+)", request["query"])  # not all name it outside too
        return {"data": self.data(operation, request.get("variables") or {})}

    def data(self, operation: str, given: dict) -> dict:
        project = {"id": "p", "name": "frogs", "entity": {"id": "e", "name": "me"}}
        run = {"id": "r", "name": "run1", "displayName": "one", "config": "{}", "project": project}
        if operation == "UpsertBucket":
            self.runs.append(given)
        if operation == "CreateArtifact":
            self.artifacts.append(given["input"]["artifactCollectionName"])
        if operation.lower().startswith("upsertview"):
            self.views.append(given)
        wanted = given.get("files") or []
        files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in wanted]
        view = {name: given.get(name) for name in ("name", "displayName", "description", "type", "spec")}
        about = {"id": "p", "name": given.get("projectName"), "entityName": given.get("entityName")}
        listed = {"pageInfo": {"endCursor": None, "hasNextPage": False}, "edges": []}
        data = {
            "Viewer": {"viewer": {"id": "v", "username": "me", "entity": "me", "flags": "{}", "teams": {"edges": []}}},
            "GetDefaultEntity": {"viewer": {"id": "v", "entity": "me"}},
            "UpsertBucket": {"upsertBucket": {"bucket": run, "inserted": True}},
            "CreateRunFiles": {"createRunFiles": {"runID": "r", "uploadHeaders": [], "files": files}},
            "CreateArtifact": {
                "createArtifact": {"artifact": {"id": "a", "state": "COMMITTED", "artifactSequence": {}}}
            },
            "GetProjects": {"models": listed},
            "UpsertView2": {"upsertView": {"view": {"id": "w", "name": given.get("name")}, "inserted": True}},
            "upsertView": {"upsertView": {"view": {"id": "Vmxldzox", "project": about, **view}, "inserted": True}},
        }
        return data.get(operation, {})

    def close(self) -> None:
        self.answers.set()
        self._http.shutdown()
        self._http.server_close()
