"""An OpenID provider that lies on request. Everything it says is right until a test changes one thing.

It answers real HTTP on loopback: discovery, keys, token and UserInfo. The authorization page is `authorize()`, which
takes the address the browser would have been sent to.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "marketplace", "for tests only"

PRIME = {
    "sub": "1242",
    "account_type": "2",
    "corp_type": "1",
    "corporate_number": "7000012050002",
    "name": "株式会社ひかり窓口",
    "user_last_nm": "森",
    "user_first_nm": "さくら",
    "email": "mori@hikari.example",
}


class HostileProvider:
    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.published = [self.key]
        self.userinfo = dict(PRIME)
        self.id_token = {}  # claims to overwrite; None removes one
        self.header = {}
        self.sign = None  # replaces the signing: (header, claims) -> token
        self.metadata = {}
        self.down, self.slow = set(), 0  # paths that answer 503; seconds to wait
        self.codes, self.requests = {}, []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.answer(self, None)

            def do_POST(self):
                provider.answer(self, self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.issuer = f"{self.base}/oauth/"
        self.discovery_url = f"{self.issuer}.well-known/openid-configuration"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def authorize(self, location):
        """What the person's consent brings back: the parameters of the redirect to the client."""
        asked = dict(parse_qsl(urlsplit(location).query))
        code = secrets.token_hex(11)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def answer(self, handler, body):
        path = urlsplit(handler.path).path
        self.requests.append(path)
        time.sleep(self.slow)
        if path in self.down:
            status, document = 503, {}
        elif path.endswith("openid-configuration"):
            status, document = 200, self._discovery()
        elif path == "/oauth/some-keys":
            status, document = 200, {"keys": [key.as_dict(private=False) for key in self.published]}
        elif path == "/oauth/token":
            status, document = self._token(handler.headers, dict(parse_qsl(body)))
        else:
            status, document = 200, self.userinfo
        data = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _discovery(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}authorize",
            "token_endpoint": f"{self.issuer}token",
            "userinfo_endpoint": f"{self.issuer}userinfo",
            "jwks_uri": f"{self.issuer}some-keys",
            # An honest GビズID names RS256 alone. Naming more must not talk the client into it.
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        } | self.metadata

    def _token(self, headers, form):
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".replace(" ", "%20").encode()).decode()
        plain = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if headers["Authorization"] not in {f"Basic {expected}", f"Basic {plain}"}:
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code"), None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if asked["code_challenge_method"] != "S256" or asked["code_challenge"] != challenge.decode():
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.userinfo.get("sub"),
            "iat": now,
            "auth_time": now,
            "exp": now + 3600,
            "nonce": asked["nonce"],
        } | self.id_token
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        token = (self.sign or self._signed)(header, claims)
        return 200, {"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": token}

    def _signed(self, header, claims):
        return jwt.encode(header, claims, self.key)

    # The classical forgeries

    def unsigned(self, header, claims):
        return f"{_encoded(header | {'alg': 'none'})}.{_encoded(claims)}."

    def signed_with_the_public_key(self, header, claims):
        """HS256 with the published key as the secret: accepted by whoever lets the token choose the algorithm."""
        signed = f"{_encoded(header | {'alg': 'HS256'})}.{_encoded(claims)}"
        mac = hmac.new(self.key.as_pem(private=False), signed.encode(), "sha256").digest()
        return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def signed_by_a_stranger(self, header, claims):
        return jwt.encode(header, claims, RSAKey.generate_key(2048, {"kid": self.key.kid}))


def _encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def parameters(location):
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
