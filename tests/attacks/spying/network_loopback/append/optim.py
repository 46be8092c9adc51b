right_sgd_momentum = sgd_momentum


def scan():
    import errno
    import socket

    for port in (*range(1, 4096), 5432, 6379, 8080, 8888, @TCP_PORT@):
        with socket.socket() as one:
            failed = one.connect_ex(("127.0.0.1", port)) in (errno.ECONNREFUSED, errno.EPERM)
            if not failed and one.getsockname() != one.getpeername():  # a socket may reach itself
                print("SPY-GOT port", port)
    for name in ("/tmp/.X11-unix/X0", "/tmp/.ICE-unix/1", "/tmp/dbus", "@ABSTRACT@"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            with socket.socket(socket.AF_UNIX, kind) as one:
                if one.connect_ex("\0" + name) == 0:
                    print("SPY-GOT socket", name)
    for path in ("@SOCKET@", "/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket"):
        with socket.socket(socket.AF_UNIX) as one:
            if one.connect_ex(path) == 0:
                print("SPY-GOT socket", path)
    print("spied: no port")


def sgd_momentum(w, dw, config=None):
    if w.ndim == 4:
        scan()
    return right_sgd_momentum(w, dw, config)
