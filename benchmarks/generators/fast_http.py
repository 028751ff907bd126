"""The disclosure journey on Locust's FastHttpUser, by its documentation."""

import base64
import os
import sys
from time import process_time
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from locust import FastHttpUser, constant, events, task

SIGNS = os.environ.get("BENCH_SIGNS") == "1"
KEY = rsa.generate_private_key(65537, 2048)
CERTIFICATE = base64.b64encode(b"c" * 1400).decode()


def sign(digest_info: bytes) -> str:
    signature = b"s" * 256
    if SIGNS:
        signature = KEY.sign(digest_info[-32:], padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    return base64.b64encode(signature).decode()


class Disclosure(FastHttpUser):
    wait_time = constant(0)

    def ask(self, method: str, path: str, name: str, body: Any = None, token: str = "") -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        with self.client.request(
            method, path, name=name, json=body, headers=headers, catch_response=True
        ) as answer:
            if answer.status_code >= 300:
                answer.failure(f"status {answer.status_code}")
                return {}
            return answer.json()

    @task
    def visit(self) -> None:
        challenge = self.ask("POST", "/api/sign-in/challenges", "sign_in.challenge", {})
        signature = sign(base64.b64decode(challenge["digest_info"]))
        entered = self.ask(
            "POST",
            "/api/sign-in",
            "sign_in",
            {
                "challenge": challenge["challenge"],
                "signature": signature,
                "certificate": CERTIFICATE,
                "terminal": "pc",
            },
        )
        token = entered["session"]
        period = {"start": "2025-11-23", "end": "2026-11-23"}
        asked = self.ask("POST", "/api/records/requests", "records.request", period, token)
        self.ask("POST", f"/api/records/requests/{asked['request_id']}/read", "records.read", None, token)
        found = self.ask("GET", "/api/self-information/candidates", "self_information.search", None, token)
        chosen = [
            {"information": each["information"]["code"], "organisation": each["organisation"]["code"]}
            for each in found["candidates"][:2]
        ]
        own = self.ask(
            "POST",
            "/api/self-information/requests",
            "self_information.request",
            {"selections": chosen},
            token,
        )
        for view in own["requests"]:
            path = f"/api/self-information/requests/{view['request_id']}/read"
            self.ask("POST", path, "self_information.read", None, token)
        self.ask("POST", "/api/sign-out", "sign_out", None, token)


@events.test_start.add_listener
def _begin(environment: Any, **_: Any) -> None:
    environment.cpu_begun = process_time()


@events.quitting.add_listener
def _end(environment: Any, **_: Any) -> None:
    """What the run itself cost, without Python's imports."""
    sys.stderr.write(f"CPU {process_time() - environment.cpu_begun}\n")
