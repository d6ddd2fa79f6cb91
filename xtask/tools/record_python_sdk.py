"""Records what the official Python SDKs send, for tests/operations/python-sdk.json of each product crate.

Needs: pip install alibabacloud-{vod20170321,mts20140618,sts20150401,ims20190815,ram20150501}
Run from the workspace's root: python xtask/tools/record_python_sdk.py

Each operation is called with every parameter of its digest against a server on loopback that writes down the
request. One thing is changed in the recording: this SDK prints booleans as Python does (`True`); the gateway's own
form is lower case.
"""
import importlib, json, pathlib, re, threading, urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

from alibabacloud_tea_openapi import models as openapi

PRODUCTS = {
    "sts": ("sts-2015-04-01", "alibabacloud_sts20150401"),
    "vod": ("vod-2017-03-21", "alibabacloud_vod20170321"),
    "mps": ("mts-2014-06-18", "alibabacloud_mts20140618"),
    "ims": ("ims-2019-08-15", "alibabacloud_ims20190815"),
    "ram": ("ram-2015-05-01", "alibabacloud_ram20150501"),
}
# Values that our checks take; all others are made up.
VALUES = {
    "RoleArn": "acs:ram::1009876543210987:role/uploader",
    "OIDCProviderArn": "acs:ram::1009876543210987:oidc-provider/idp",
    "SAMLProviderArn": "acs:ram::1009876543210987:saml-provider/idp",
    "RoleSessionName": "user-42@example.com",
    "ExternalId": "external:1/2",
    "DurationSeconds": 3600,
    "FileName": "课程 +1.mp4",
    "ReferenceId": "reference-1_2",
    "AuthInfoTimeout": 3000,
    "Priority": 6,
    "MaxSessionDuration": 7200,
    "NewMaxSessionDuration": 7200,
    "PageSize": 20,
    "MaximumPageSize": 20,
    "OutputLocation": "oss-cn-shanghai",
    "RegisterMetadatas": [{"FileURL": "https://bucket.example.com/a b.mp4", "Title": "课程"}],
    "UploadMetadatas": [{"SourceURL": "https://example.com/a.mp4", "Title": "课程"}],
    "EncryptConfig": {"CipherText": "abc=", "DecryptKeyUri": "https://example.com/key?x=1", "KeyServiceType": "KMS"},
}
# What the SDK puts beside the parameters where it does not sign.
COMMON = ["Action", "Format", "SignatureNonce", "Timestamp", "Version"]
SEEN = []


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        url = urllib.parse.urlsplit(self.path)
        pairs = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if body:
            pairs.update(urllib.parse.parse_qsl(body, keep_blank_values=True))
        SEEN.append({"method": self.command, "path": url.path, "sent": pairs, "action": self.headers["x-acs-action"]})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def make(name, schema, n):
    if name in VALUES and (schema["type"] != "object"):
        value = VALUES[name]
        return str(value) if schema["type"] == "string" and isinstance(value, int) else value
    kind = schema.get("type")
    if kind == "string":
        if schema.get("enum"):
            return schema["enum"][0]
        return f"{name} {n} 课程+/%&=~*"[: 30] if n % 3 == 0 else f"value{n}"
    if kind == "integer":
        return 100 + n
    if kind == "number":
        return n + 0.5
    if kind == "boolean":
        return n % 2 == 0
    if kind == "array":
        return [make("", schema["items"], n + 1), make("", schema["items"], n + 2)]
    if kind == "object":
        return {key: make("", value, n + i) for i, (key, value) in enumerate(schema["properties"].items())}
    raise ValueError(kind)


def snake(action, client):
    bare = action.replace("_", "").lower()
    return next(m for m in dir(client) if m.replace("_", "") == bare and not m.endswith(("_async", "_with_options")))


def main():
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    for crate, (digest, package) in PRODUCTS.items():
        client_module = importlib.import_module(package + ".client")
        models = importlib.import_module(package + ".models")
        config = openapi.Config(access_key_id="id", access_key_secret="secret", endpoint=host, protocol="http")
        client = client_module.Client(config)
        apis = json.loads(pathlib.Path(f"xtask/metadata/{digest}.json").read_text())["apis"]
        calls = []
        for action, api in sorted(apis.items()):
            parameters = {p["name"]: make(p["name"], p["schema"], i) for i, p in enumerate(api["parameters"], 1)}
            wire = {}
            for p in api["parameters"]:
                value = parameters[p["name"]]
                is_text = p["schema"]["type"] == "string" and not isinstance(value, str)
                wire[p["name"]] = json.dumps(value, ensure_ascii=False) if is_text else value
            method = getattr(client, snake(action, client))
            SEEN.clear()
            request = getattr(models, action + "Request", None)
            try:
                method(request().from_map(wire)) if request else method()
            except Exception as error:
                # The empty answer is none that the models like; what counts was sent before.
                if not SEEN:
                    print("not recorded:", crate, action, repr(error)[:100])
                    continue
            seen = SEEN[0]
            for name in COMMON:
                seen["sent"].pop(name, None)
            for p in api["parameters"]:
                if p["schema"]["type"] == "boolean" and p["name"] in seen["sent"]:
                    seen["sent"][p["name"]] = seen["sent"][p["name"]].lower()
            calls.append({"action": action, "parameters": parameters, "method": seen["method"], "path": seen["path"], "sent": seen["sent"]})
        lines = ",\n".join(json.dumps(call, ensure_ascii=False) for call in calls)
        pathlib.Path(f"crates/acs-{crate}/tests/operations/python-sdk.json").write_text(f"[\n{lines}\n]\n")
        print(crate, len(calls), "of", len(apis))


main()
