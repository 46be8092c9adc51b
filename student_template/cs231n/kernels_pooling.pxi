# Part of kernels.pyx: max-pooling, a plane (a channel of an image) at a time.

cdef inline void largest_of_row(
    const real *x, ptrdiff_t W, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride, ptrdiff_t W_out, real *out
) noexcept nogil:
    """IN x: the HH rows that a row of windows sees. OUT out (W_out). NaN is larger than everything, as for np.max."""
    cdef ptrdiff_t i, j, q
    cdef real value
    for q in range(W_out):
        out[q] = x[q * stride]
    for i in range(HH):
        for j in range(WW):
            for q in range(W_out):
                value = x[i * W + j + q * stride]
                out[q] = value if value > out[q] or value != value else out[q]


cdef void give_to_largest(
    const real *dout, const real *x, ptrdiff_t W, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride, ptrdiff_t W_out,
    real *dx,
) noexcept nogil:
    """IN dout (W_out), x: the HH rows that a row of windows sees. OUT dx: those rows, added to.

    The first of equals takes it, and the first NaN, since nothing is larger than NaN.
    """
    cdef ptrdiff_t i, j, q, best
    cdef real value, largest
    for q in range(W_out):
        best = q * stride
        largest = x[best]
        for i in range(HH):
            for j in range(WW):
                value = x[i * W + j + q * stride]
                if value > largest or (value != value and largest == largest):
                    largest, best = value, i * W + j + q * stride
        dx[best] += dout[q]


cdef void give_to_largest_of_four(
    const real *dout, const real *x0, const real *x1, ptrdiff_t W_out, real *dx0, real *dx1
) noexcept nogil:
    """give_to_largest for 2 x 2 windows that do not overlap: each value of dx is written once.

    IN x0, x1: the two rows that a row of windows sees. OUT dx0, dx1: those rows, of W_out * 2 columns.
    """
    cdef ptrdiff_t q
    cdef real a, b, c, d, best, largest
    for q in range(W_out):
        a, b, c, d = x0[2 * q], x0[2 * q + 1], x1[2 * q], x1[2 * q + 1]
        best = 0 if b <= a else 0 if a != a else 1
        largest = a if b <= a else a if a != a else b
        best = best if c <= largest else best if largest != largest else 2
        largest = largest if c <= largest else largest if largest != largest else c
        best = best if d <= largest else best if largest != largest else 3
        dx0[2 * q] = dout[q] if best == 0 else 0
        dx0[2 * q + 1] = dout[q] if best == 1 else 0
        dx1[2 * q] = dout[q] if best == 2 else 0
        dx1[2 * q + 1] = dout[q] if best == 3 else 0


def max_pool_forward(
    const real[:, :, :, ::1] x, real[:, :, :, ::1] out, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride
):
    """IN x (N, C, H, W). OUT out (N, C, H_out, W_out)."""
    cdef ptrdiff_t planes = x.shape[0] * x.shape[1], H = x.shape[2], W = x.shape[3]
    cdef ptrdiff_t H_out = out.shape[2], W_out = out.shape[3], plane, i
    cdef int threads = threads_for(planes, 4.0 * planes * H_out * W_out * HH * WW)
    cdef const real *source = &x[0, 0, 0, 0]
    cdef real *target = &out[0, 0, 0, 0]
    for plane in prange(planes, nogil=True, num_threads=threads, schedule="static"):
        for i in range(H_out):
            if HH == WW == stride == 2:
                # Constants, so that the compiler unrolls and vectorises.
                largest_of_row(source + (plane * H + i * 2) * W, W, 2, 2, 2, W_out, target + (plane * H_out + i) * W_out)
            else:
                largest_of_row(
                    source + (plane * H + i * stride) * W, W, HH, WW, stride, W_out,
                    target + (plane * H_out + i) * W_out,
                )


def max_pool_backward(
    const real[:, :, :, ::1] dout, const real[:, :, :, ::1] x, real[:, :, :, ::1] dx, ptrdiff_t HH, ptrdiff_t WW,
    ptrdiff_t stride,
):
    """IN dout (N, C, H_out, W_out), x (N, C, H, W). OUT dx (N, C, H, W)."""
    cdef ptrdiff_t planes = x.shape[0] * x.shape[1], H = x.shape[2], W = x.shape[3]
    cdef ptrdiff_t H_out = dout.shape[2], W_out = dout.shape[3], plane, i
    cdef int threads = threads_for(planes, 4.0 * planes * H_out * W_out * HH * WW)
    cdef const real *source = &x[0, 0, 0, 0]
    cdef const real *upstream = &dout[0, 0, 0, 0]
    cdef real *target = &dx[0, 0, 0, 0]
    for plane in prange(planes, nogil=True, num_threads=threads, schedule="static"):
        memset(target + plane * H * W, 0, H * W * sizeof(real))
        for i in range(H_out):
            if HH == WW == stride == 2:
                give_to_largest_of_four(
                    upstream + (plane * H_out + i) * W_out,
                    source + (plane * H + 2 * i) * W, source + (plane * H + 2 * i + 1) * W, W_out,
                    target + (plane * H + 2 * i) * W, target + (plane * H + 2 * i + 1) * W,
                )
            else:
                give_to_largest(
                    upstream + (plane * H_out + i) * W_out, source + (plane * H + i * stride) * W, W, HH, WW, stride,
                    W_out, target + (plane * H + i * stride) * W,
                )
