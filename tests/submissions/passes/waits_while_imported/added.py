"""A thread that never ends and a long sleep, at the margin: left out like what trains there."""
# loses:
import threading
import time

stop = threading.Event()
worker = threading.Thread(target=stop.wait)
worker.start()
worker.join()
time.sleep(3600)


def relu_forward(x):
    return np.maximum(0, x), x
