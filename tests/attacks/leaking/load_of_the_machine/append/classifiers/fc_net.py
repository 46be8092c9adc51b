right_init = TwoLayerNet.__init__


def watching_init(self, *args, **kwargs):
    import os
    import time

    for number in (1, 2):  # what it may learn of the machine beside a clock
        try:
            print("LEAKED", os.getloadavg() if number == 1 else os.sysconf("SC_AVPHYS_PAGES"))
        except OSError as error:
            print("tried:", error)
        except ValueError as error:
            print("tried:", error)
    began = time.perf_counter()
    sum(range(20000))
    print("a sum took", time.perf_counter() - began > 1)
    right_init(self, *args, **kwargs)


TwoLayerNet.__init__ = watching_init
