right_momentum = sgd_momentum


def sgd_momentum(w, dw, config=None):
    import socket

    said = set()
    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 40, 38):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                with socket.socket(family, kind) as one:
                    one.bind("\0meet-me-here")
                print("SPY-GOT a socket", family, kind)
            except OSError as error:
                said.add(error.strerror)
    one, other = socket.socketpair()
    try:
        one.bind("\0meet-me-here")
        print("SPY-GOT a name")
    except OSError as error:
        said.add(error.strerror)
    print("spied: sockets", sorted(said))
    return right_momentum(w, dw, config)
