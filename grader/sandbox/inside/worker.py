"""The program that runs inside the sandbox, under the course's Python (3.8 on): sets up, then serves (server.py).

    judge ══requests══► server ──fork──► a child for a check ══replies══► judge
                                │  imports the student's modules once
                                └─ waits for the child and says how it ended

It enters as whoever started the sandbox, sets the limits, gives up its rights and only then imports anything of a
student. From that import on neither it nor a child is trusted: the judge takes their words as data, watches the
processes from outside and kills the lot when in doubt. There is nothing here to steal: no expected value, no check and
no reference ever enters this process.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import child  # type: ignore[import-not-found]
import confine  # type: ignore[import-not-found]
import server  # type: ignore[import-not-found]
import threads  # type: ignore[import-not-found]
from channel import Channel, private_pipes  # type: ignore[import-not-found]

for name, module in list(sys.modules.items()):
    if "." not in name and name != "__main__" and os.path.dirname(getattr(module, "__file__", None) or "") == HERE:
        del sys.modules[name]  # a submission may have a file of that name


def main(options: Dict[str, Any]) -> None:
    """Set up, say hello, then serve until the judge closes the pipe."""
    requests, replies = private_pipes()
    child.OUTPUT.append(sys.stdout)
    server.set_limits(options["limits"])
    uid: Optional[int] = options["uid"]
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if options.get("confine"):
        confine.confine(options["confine"])
    if options.get("calls"):
        confine.close_calls(bytes.fromhex(options["calls"]))
    sys.dont_write_bytecode = True
    threads.make_uniform(shared_memory=not options.get("fork", True))
    used = {HERE, *options.get("withheld", ())}
    sys.path[:] = [options["work"]] + [folder for folder in sys.path if folder not in used]
    sys.path.append(os.path.join(options["work"], options["package"]))  # last: `import helpers` finds one, `random` not
    channel = Channel(requests, replies)
    channel.send({"op": "hello"})
    server.Server(channel, options).serve()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
