# Part of kernels.pyx: an update rule, a piece of the weights at a time.

from libc.math cimport sqrt


def adam(
    const real[::1] w, const real[::1] dw, const real[::1] m, const real[::1] v, real[::1] next_w, real[::1] next_m,
    real[::1] next_v, double learning_rate, double beta1, double beta2, double epsilon, int t,
):
    """IN w, dw, m, v (size). OUT next_w, next_m, next_v (size): step t, counted from 1, of optim.adam."""
    cdef ptrdiff_t size = w.shape[0], pieces = (size + PIECE - 1) // PIECE, k, i, end
    # A pass over so much memory is worth as many threads as twenty operations a value.
    cdef int threads = threads_for(pieces, 20.0 * size)
    cdef real numbers[7]
    # Rounded only now: 1 - beta2 in float32 would be off by its fifth digit.
    numbers[0], numbers[1], numbers[2], numbers[3] = <real> beta1, <real> (1 - beta1), <real> beta2, <real> (1 - beta2)
    numbers[4], numbers[5] = <real> (learning_rate / (1 - beta1**t)), <real> (1 / (1 - beta2**t))
    numbers[6] = <real> epsilon
    for k in prange(pieces, nogil=True, num_threads=threads, schedule="static"):
        i = k * PIECE
        end = min(size, i + PIECE)
        if _first == DIRECT_COUNT:
            for i in range(i, end):
                next_m[i] = numbers[0] * m[i] + numbers[1] * dw[i]
                next_v[i] = numbers[2] * v[i] + numbers[3] * (dw[i] * dw[i])
                next_w[i] = w[i] - numbers[4] * next_m[i] / (<real> sqrt(next_v[i] * numbers[5]) + numbers[6])
        elif real is float:
            direct_float_sets[_first].adam(
                &w[i], &dw[i], &m[i], &v[i], end - i, numbers, &next_w[i], &next_m[i], &next_v[i]
            )
        else:
            direct_double_sets[_first].adam(
                &w[i], &dw[i], &m[i], &v[i], end - i, numbers, &next_w[i], &next_m[i], &next_v[i]
            )
