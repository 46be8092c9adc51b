# Part of kernels.pyx: max-pooling, a plane (a channel of an image) at a time. The forward notes where the largest value of
# each window stood, so that the backward need not read x.

# Where a value stands in its window, in reading order. A byte is enough for windows of up to 256 values.
ctypedef fused place:
    uchar
    ptrdiff_t


cdef int set_for_pooling(const real *kind, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride, ptrdiff_t W_out) noexcept nogil:
    """The widest set that has whole vectors for a row of 2 x 2 windows, else DIRECT_COUNT."""
    cdef int chosen = _first if HH == WW == stride == 2 else DIRECT_COUNT
    while chosen < DIRECT_COUNT and W_out < lanes_of(kind, chosen):
        chosen += 1
    return chosen


cdef void largest_of_row(
    const real *x, ptrdiff_t W, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride, ptrdiff_t W_out, real *out, place *chosen
) noexcept nogil:
    """IN x: the HH rows that a row of windows sees. OUT out, chosen (W_out). NaN is larger than everything, as for np.max.

    The first of equals is chosen, and the first NaN, since nothing is larger than NaN.
    """
    cdef ptrdiff_t i, j, q
    cdef real value
    for q in range(W_out):
        out[q] = x[q * stride]
        chosen[q] = 0
    for i in range(HH):
        for j in range(WW):
            for q in range(W_out):
                value = x[i * W + j + q * stride]
                if value > out[q] or (value != value and out[q] == out[q]):
                    out[q] = value
                    chosen[q] = <place> (i * WW + j)


def max_pool_forward(
    const real[:, :, :, ::1] x, real[:, :, :, ::1] out, place[:, :, :, ::1] chosen, ptrdiff_t HH, ptrdiff_t WW,
    ptrdiff_t stride,
):
    """IN x (N, C, H, W). OUT out, chosen (N, C, H_out, W_out): the largest value of each window, and where it stands."""
    cdef ptrdiff_t planes = x.shape[0] * x.shape[1], H = x.shape[2], W = x.shape[3]
    cdef ptrdiff_t H_out = out.shape[2], W_out = out.shape[3], plane, i, at
    cdef int threads = threads_for(planes, 4.0 * planes * H_out * W_out * HH * WW)
    cdef int set_ = set_for_pooling(&x[0, 0, 0, 0], HH, WW, stride, W_out) if place is uchar else DIRECT_COUNT
    cdef const real *source = &x[0, 0, 0, 0]
    cdef real *target = &out[0, 0, 0, 0]
    cdef place *places = &chosen[0, 0, 0, 0]
    for plane in prange(planes, nogil=True, num_threads=threads, schedule="static"):
        at = plane * H_out * W_out
        if set_ == DIRECT_COUNT:
            for i in range(H_out):
                largest_of_row(
                    source + (plane * H + i * stride) * W, W, HH, WW, stride, W_out, target + at + i * W_out,
                    places + at + i * W_out,
                )
        elif real is float:
            direct_float_sets[set_].pool(source + plane * H * W, W, H_out, W_out, target + at, <uchar *> places + at)
        else:
            direct_double_sets[set_].pool(source + plane * H * W, W, H_out, W_out, target + at, <uchar *> places + at)


def max_pool_backward(
    const real[:, :, :, ::1] dout, const place[:, :, :, ::1] chosen, real[:, :, :, ::1] dx, ptrdiff_t HH, ptrdiff_t WW,
    ptrdiff_t stride,
):
    """IN dout, chosen (N, C, H_out, W_out). OUT dx (N, C, H, W)."""
    cdef ptrdiff_t planes = dx.shape[0] * dx.shape[1], H = dx.shape[2], W = dx.shape[3]
    cdef ptrdiff_t H_out = dout.shape[2], W_out = dout.shape[3], plane, i, q, at
    cdef int threads = threads_for(planes, 4.0 * planes * H_out * W_out * HH * WW)
    cdef int set_ = set_for_pooling(&dx[0, 0, 0, 0], HH, WW, stride, W_out) if place is uchar else DIRECT_COUNT
    cdef const real *upstream = &dout[0, 0, 0, 0]
    cdef const place *places = &chosen[0, 0, 0, 0]
    cdef real *target = &dx[0, 0, 0, 0]
    # From a window's first value to the one of each place.
    cdef ptrdiff_t[::1] offset = (np.arange(HH)[:, np.newaxis] * W + np.arange(WW)).reshape(-1)
    for plane in prange(planes, nogil=True, num_threads=threads, schedule="static"):
        at = plane * H_out * W_out
        if set_ == DIRECT_COUNT or W != 2 * W_out or H != 2 * H_out:
            memset(target + plane * H * W, 0, H * W * sizeof(real))
        if set_ == DIRECT_COUNT:
            for i in range(H_out):
                for q in range(W_out):
                    target[(plane * H + i * stride) * W + q * stride + offset[places[at + i * W_out + q]]] += (
                        upstream[at + i * W_out + q]
                    )
        elif real is float:
            direct_float_sets[set_].unpool(
                upstream + at, <const uchar *> places + at, W, H_out, W_out, target + plane * H * W
            )
        else:
            direct_double_sets[set_].unpool(
                upstream + at, <const uchar *> places + at, W, H_out, W_out, target + plane * H * W
            )
