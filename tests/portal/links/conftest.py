"""What the tests of links have in common."""

import pytest
import trio


@pytest.fixture
async def no_address():
    """An address at which nobody listens."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    return f"http://127.0.0.1:{port}"
