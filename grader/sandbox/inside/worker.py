"""The program that runs inside the sandbox, under the course's Python (3.8 on): sets up, then serves (server.py).

    judge ══requests══► server ──fork──► a child for a check ══replies══► judge
                                │  imports the student's modules once
                                └─ waits for the child and reports how it ended

The worker starts with the rights of the process that started the sandbox. The worker sets the limits, gives up its
rights, and then imports a student's modules. After that import, the judge trusts neither the worker nor its children:
it treats their messages as data, watches the processes from outside, and kills all of them when in doubt. Expected
values, checks and the reference never enter this process, so student code cannot steal them.
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

# Remove our modules' names from sys.modules, because a submission may have a file of any name.
for name, module in list(sys.modules.items()):
    if "." not in name and name != "__main__" and os.path.dirname(getattr(module, "__file__", None) or "") == HERE:
        del sys.modules[name]


def main(options: Dict[str, Any]) -> None:
    """Set up, send hello, then serve until the judge closes the pipe."""
    requests, replies = private_pipes()
    child.OUTPUT.append(sys.stdout)
    server.set_limits(options["limits"])  # first, so that the limits apply to all code below
    uid: Optional[int] = options["uid"]
    if uid is not None:
        # Groups first, since only root can set them. Set all three ids, since a process can return to its saved id.
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if options.get("confine"):
        confine.confine(options["confine"])
    # After the lines above, because the filter refuses some of their system calls.
    if options.get("calls"):
        confine.close_calls(bytes.fromhex(options["calls"]))
    sys.dont_write_bytecode = True
    threads.make_uniform(shared_memory=not options.get("fork", True))
    used = {HERE, *options.get("withheld", ())}
    sys.path[:] = [options["work"]] + [folder for folder in sys.path if folder not in used]
    # Last in the path: `import helpers` finds the student's file, and `import random` the standard library's.
    sys.path.append(os.path.join(options["work"], options["package"]))
    channel = Channel(requests, replies)
    channel.send({"op": "hello"})
    server.Server(channel, options).serve()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
