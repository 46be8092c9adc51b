"""NumPy's products on the threads of the compiled kernels."""

import ctypes
import threading

import pytest
from fresh_python import run_python

kernels = pytest.importorskip("reference.kernels", reason="needs the compiled kernels (Debian: apt install gcc)")
pytestmark = pytest.mark.skipif(not kernels.blas_callback(), reason="needs OpenMP")


@pytest.mark.process
def test_products_run_on_the_threads_of_the_kernels():
    done = run_python(
        """
        import os, time, warnings
        from concurrent.futures import ThreadPoolExecutor
        import numpy as np
        from reference import fast_layers
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        a = np.random.RandomState(231).randn(300, 300)
        expected = a @ a
        fast_layers.conv_forward_fast(
            np.ones((2, 3, 32, 32)), np.ones((4, 3, 3, 3)), np.ones(4), {"stride": 1, "pad": 1}
        )
        time.sleep(0.5)  # until the threads of the first product sleep
        a @ a
        start = time.process_time()
        time.sleep(0.3)
        print("spun for", time.process_time() - start)
        with ThreadPoolExecutor(4) as executor:
            for product in executor.map(lambda _: a @ a, range(200)):
                np.testing.assert_array_equal(product, expected)
        child = os.fork()
        if child == 0:
            os._exit(0 if (a @ a == expected).all() else 1)
        print("child", os.waitpid(child, 0)[1])
        """,
        OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2",
    )  # fmt: skip
    spun, child = done.stdout.splitlines()
    assert float(spun.split()[-1]) < 0.005
    assert child == "child 0"


def test_all_jobs_of_blas_run_at_once():
    run = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    call = ctypes.CFUNCTYPE(None, ctypes.c_int, run, ctypes.c_int, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int)
    for jobs in (1, 2, 5):
        table = (ctypes.c_longlong * jobs)(*range(100, 100 + jobs))
        barrier, done = threading.Barrier(jobs), []

        def job(number, place, extra, barrier=barrier, done=done):
            barrier.wait(timeout=30)
            done.append((number, ctypes.c_longlong.from_address(place).value, extra))

        call(kernels.blas_callback())(1, run(job), jobs, ctypes.sizeof(ctypes.c_longlong), ctypes.addressof(table), 7)
        assert sorted(done) == [(number, 100 + number, 7) for number in range(jobs)]
