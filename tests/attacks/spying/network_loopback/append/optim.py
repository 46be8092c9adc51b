right_sgd_momentum = sgd_momentum


def scan():
    import errno
    import socket

    def reaches(address, family=socket.AF_UNIX, kind=socket.SOCK_STREAM):
        try:
            with socket.socket(family, kind) as one:
                # A socket may reach itself.
                return one.connect_ex(address) == 0 and one.getsockname() != one.getpeername()
        except OSError as error:
            return error.errno != errno.EPERM

    for port in (*range(1, 4096), 5432, 6379, 8080, 8888, @TCP_PORT@):
        if reaches(("127.0.0.1", port), socket.AF_INET):
            print("SPY-GOT port", port)
    for name in ("/tmp/.X11-unix/X0", "/tmp/.ICE-unix/1", "/tmp/dbus", "@ABSTRACT@"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            if reaches("\0" + name, kind=kind):
                print("SPY-GOT socket", name)
    for path in ("@SOCKET@", "/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket"):
        if reaches(path):
            print("SPY-GOT socket", path)
    print("spied: no port")


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4:
        scan()
    return right_sgd_momentum(w, dw, config)
