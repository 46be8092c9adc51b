import fcntl
import os
import struct
import time

PLACE = os.path.dirname(os.__file__) + "/LICENSE.txt"
PLACE = PLACE if os.path.exists(PLACE) else os.__file__


def lock(file):
    """By every way there is; what came of each."""
    record = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0)
    ways = {
        "flock": lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
        "record": lambda: fcntl.fcntl(file, fcntl.F_SETLK, record),
        "open file": lambda: fcntl.fcntl(file, 37, record),
        "lease": lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
        "who holds it": lambda: fcntl.fcntl(file, fcntl.F_GETLK, record),
        "notify": lambda: fcntl.fcntl(file, fcntl.F_NOTIFY, fcntl.DN_ACCESS),
    }
    said = {}
    for name, way in ways.items():
        try:
            way()
            said[name] = "done"
        except OSError as error:
            said[name] = error.strerror
    return said


right_rmsprop = rmsprop


def rmsprop(w, dw, config=None):
    file = os.open(PLACE, os.O_RDONLY)
    seen = set()
    for _ in range(10):
        seen.update(lock(file).values())
        time.sleep(0.05)
    print("seen:", sorted(seen))
    if len(seen) != 1:
        print("CARRIED by a lock")
    return right_rmsprop(w, dw, config)
