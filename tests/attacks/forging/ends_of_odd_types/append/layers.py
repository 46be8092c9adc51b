import os
import sys


def reply_pipe():
    import fcntl

    for fd in range(19, 2, -1):
        try:
            if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_WRONLY:
                return fd
        except OSError:
            pass


def send(message):
    os.write(reply_pipe(), sys.modules["__main__"].server.protocol.encode(message))


worker = sys.modules["__main__"].server
write = worker.Channel.write


def send_after_the_reply(message):
    def write_both(self, frame):
        write(self, frame)
        worker.Channel.write = write
        send(message)

    worker.Channel.write = write_both


right, right_pool = relu_backward, max_pool_backward_naive
ODD = [
    {"op": np.array([1, 2]), "exit": 0, "signal": 0},
    {"op": "ended", "exit": False, "signal": 0},
    {"op": "ended", "exit": 0, "signal": 0, "more": 1},
    [1, 2],
]


def relu_backward(dout, cache):
    number = dout.size // 4 % 4
    send_after_the_reply(ODD[number])
    return right(dout, cache)


def max_pool_backward_naive(dout, cache):
    number = dout.size % 4
    send_after_the_reply(ODD[number])
    return right_pool(dout, cache)
