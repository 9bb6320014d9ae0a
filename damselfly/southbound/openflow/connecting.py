"""How a connection to a bridge begins: version, features, and packets in the format we read."""

from __future__ import annotations

import asyncio

from damselfly.errors import SwitchGone

from .codec import messages, stats
from .codec.wire import ProtocolError
from .link import PATIENCE, Link
from .switch import OpenFlowSwitch


async def connect(path: str, patience: float = PATIENCE) -> OpenFlowSwitch:
    """Connect to a bridge's management socket and agree on OpenFlow 1.3.

    The switch has ``patience`` seconds for each answer; then the connection is given up.
    Raises SwitchGone, in one clear sentence, where there is no such switch.
    """
    try:
        async with asyncio.timeout(patience):
            loop = asyncio.get_running_loop()
            _, link = await loop.create_unix_connection(lambda: Link(patience), path)
            return await _agree(link)
    except TimeoutError:
        reason = f"no answer within {patience:g} s"
    except FileNotFoundError:
        reason = "no such socket; is ovs-vswitchd running, and is there such a bridge?"
    except ConnectionRefusedError:
        reason = "nobody listens there; is ovs-vswitchd running?"
    except PermissionError:
        reason = "no permission to connect; are you root?"
    except OSError as error:
        reason = error.strerror or str(error)
    except (SwitchGone, ProtocolError) as error:
        reason = str(error)
    raise SwitchGone(f"{path}: {reason}")


async def _agree(link: Link) -> OpenFlowSwitch:
    """Agree on the version and ask for packets in the format that can be resumed."""
    try:
        xids = link.reserve(4)
        link.write(messages.hello(xids[0]))
        await link.greeted
        asked = (messages.set_config(xids[1]), messages.packet_in_format(xids[2]))
        link.write(b"".join([*asked, messages.features_request(xids[3])]))
        exchange = link.expect(xids[1:])
        await exchange.done
        for _, name in exchange.refusals:
            raise SwitchGone(f"the bridge cannot hand packets over: {name}")
        return OpenFlowSwitch(link, stats.decode_datapath_id(exchange.answers[0]))
    except BaseException:
        link.fail("the connection was given up")
        raise
