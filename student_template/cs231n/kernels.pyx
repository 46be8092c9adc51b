# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Convolution, max-pooling and adam, compiled, in float32 and float64.

a. fast_layers.py calls conv_* (at the end) and max_pool_* (kernels_pooling.pxi); the update rule adam_fast calls adam
   (kernels_optim.pxi). They have checked the shapes and made the arrays marked OUT. The functions lay out scratch memory
   and start the threads; the nogil loops never allocate.
b. Work is shared out over tiles: some rows and columns of the output of one image, as many as keep what a thread
   copies within CACHE_BYTES (but at least one row of a vector's columns). Convolution goes tile by tile: the part of the
   image that a tile sees is copied with its padding, columns of equal remainder by the stride together, and direct.h
   does the sums. Without padding and stride the image is read where it is. Filter rows that see only padding are left
   out, unless a weight (for dw: a gradient) is not finite. dx is a convolution of dout; with a stride, one for each
   remainder.
c. direct.h needs output rows that fill its vectors. For narrow ones, for a little dx with a stride, for weights that are
   not finite, and for compilers without vector types, columns are laid out (im2col) and multiplied by BLAS, from SciPy.
   Each thread calls BLAS by itself, so fast_layers.py keeps BLAS to one thread meanwhile: two pools of threads on the
   same cores are in each other's way. For products outside of the kernels see kernels_threads.pxi.
d. Tiles and threads are paired beforehand, and each thread sums dw on its own: the same input gives the same bits, as
   long as the number of threads is the same.
e. N images, C channels, H x W pixels, F filters of HH x WW; H_out x W_out windows; K = C * HH * WW terms a window.
"""

from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

import numpy as np

cdef extern from "direct.h" nogil:
    ctypedef struct direct_place:
        ptrdiff_t at, to, cut, resume
    ctypedef struct direct_float:
        const char *name
        ptrdiff_t lanes, k_block
        void (*pack)(const float *, ptrdiff_t, const ptrdiff_t *, ptrdiff_t, ptrdiff_t, float *) noexcept nogil
        void (*correlate)(const float *, const ptrdiff_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *, const float *,
                       const direct_place *, ptrdiff_t, float *, ptrdiff_t, ptrdiff_t) noexcept nogil
        void (*weights)(const float *, const ptrdiff_t *, ptrdiff_t, const float *, ptrdiff_t, float *, const ptrdiff_t *,
                     ptrdiff_t, ptrdiff_t, ptrdiff_t) noexcept nogil
        float (*total)(const float *, ptrdiff_t) noexcept nogil
        void (*part)(const float *, ptrdiff_t, float *, float *) noexcept nogil
        void (*pool)(const float *, ptrdiff_t, ptrdiff_t, ptrdiff_t, float *, unsigned char *) noexcept nogil
        void (*unpool)(const float *, const unsigned char *, ptrdiff_t, ptrdiff_t, ptrdiff_t, float *) noexcept nogil
        void (*adam)(const float *, const float *, const float *, const float *, ptrdiff_t, const float *, float *, float *,
                     float *) noexcept nogil
    ctypedef struct direct_double:
        const char *name
        ptrdiff_t lanes, k_block
        void (*pack)(const double *, ptrdiff_t, const ptrdiff_t *, ptrdiff_t, ptrdiff_t, double *) noexcept nogil
        void (*correlate)(const double *, const ptrdiff_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, const double *, const double *,
                       const direct_place *, ptrdiff_t, double *, ptrdiff_t, ptrdiff_t) noexcept nogil
        void (*weights)(const double *, const ptrdiff_t *, ptrdiff_t, const double *, ptrdiff_t, double *, const ptrdiff_t *,
                     ptrdiff_t, ptrdiff_t, ptrdiff_t) noexcept nogil
        double (*total)(const double *, ptrdiff_t) noexcept nogil
        void (*part)(const double *, ptrdiff_t, double *, double *) noexcept nogil
        void (*pool)(const double *, ptrdiff_t, ptrdiff_t, ptrdiff_t, double *, unsigned char *) noexcept nogil
        void (*unpool)(const double *, const unsigned char *, ptrdiff_t, ptrdiff_t, ptrdiff_t, double *) noexcept nogil
        void (*adam)(const double *, const double *, const double *, const double *, ptrdiff_t, const double *, double *, double *,
                     double *) noexcept nogil
    const direct_float *direct_float_sets[]
    const direct_double *direct_double_sets[]
    int direct_known(int)
    int DIRECT_COUNT, DIRECT_VECTORS

cdef extern from * nogil:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #else
    static int omp_get_max_threads(void) { return 1; }
    #endif
    """
    int omp_get_max_threads()

ctypedef unsigned char uchar

ctypedef fused real:
    float
    double

# Half of a second-level cache of 512 KiB, so that weights and results have room too.
cdef ptrdiff_t CACHE_BYTES = 256 * 1024

# The sets of direct.h, the widest first; _first is the first that is used, DIRECT_COUNT stands for BLAS alone.
cdef int _first = 0
while _first < DIRECT_COUNT and not direct_known(_first):
    _first += 1

# Values that a thread updates at a time.
cdef enum:
    PIECE = 16 * 1024

# 0: as many as OpenMP would take.
cdef int _most_threads = 0

INSTRUCTION_SETS = tuple(direct_float_sets[i].name.decode() for i in range(_first, DIRECT_COUNT)) + ("blas",)


def use_instruction_set(name):
    """Use no wider instruction set than this one of INSTRUCTION_SETS; the first, the widest, is in use at the start."""
    global _first
    _first = DIRECT_COUNT + 1 - len(INSTRUCTION_SETS) + INSTRUCTION_SETS.index(name)


cdef ptrdiff_t lanes_of(const real *kind, int chosen) noexcept nogil:
    """How many values a vector holds; `kind` only names the type."""
    return direct_float_sets[chosen].lanes if real is float else direct_double_sets[chosen].lanes


cdef int choose(const real *kind, ptrdiff_t width) noexcept nogil:
    """The widest set whose vectors rows of this width fill by more than half, else DIRECT_COUNT."""
    cdef int chosen = _first
    while chosen < DIRECT_COUNT and width * 2 <= lanes_of(kind, chosen):
        chosen += 1
    return chosen


cdef int threads_for(ptrdiff_t items, double operations) noexcept:
    """As many threads as OpenMP would take, but none without an item, nor for less than it costs to wake one."""
    return <int> max(1, min(min(_most_threads or omp_get_max_threads(), items), operations // 500_000))


cdef _empty(const real *kind, ptrdiff_t rows, ptrdiff_t columns):
    """Scratch memory: (rows, columns) and more, so that no two rows share a line of the cache."""
    return np.empty((rows, (columns + 63) // 32 * 32), dtype=np.float32 if real is float else np.float64)


def thread_count():
    """How many threads work that is large enough gets."""
    return _most_threads or omp_get_max_threads()


def use_threads(most):
    """Use at most this many threads; 0: as many as OpenMP would take."""
    global _most_threads
    _most_threads = most


include "kernels_threads.pxi"
include "kernels_tiles.pxi"
include "kernels_columns.pxi"
include "kernels_pooling.pxi"
include "kernels_optim.pxi"


cdef void correlate_tile(
    int chosen, const Layout *s, Tile t, const real *x, const ptrdiff_t *offset, const real *packed, const real *bias,
    bint skip, real *out, ptrdiff_t F, direct_place *places, real *copy,
) noexcept nogil:
    """IN x (N, C, H, W). OUT a tile of out (F, H_out, W_out), one image. SCRATCH places, copy.

    skip: rows of the filter that see only padding are left out. Rows of the output of which equally many are left out
    go together.
    """
    cdef ptrdiff_t K = s.C * s.HH * s.WW, each = s.C * s.WW, lanes = lanes_of(x, chosen), M, row = 0, end, top
    cdef ptrdiff_t first = 0, last = s.HH
    cdef const real *seen = see_tile(x, s, t, copy)
    out += t.row * s.W_out + t.column
    while row < t.rows:
        end = t.rows
        if skip:
            top = (t.row + row) * s.stride - s.top
            first, last = max(0, min(s.HH, -top)), max(0, min(s.HH, s.H - top))
            end = row + 1
            if first == 0 and last == s.HH:
                # As many rows as see no padding below.
                end = max(end, min(t.rows, (s.H - s.HH + s.top) // s.stride + 1 - t.row))
        M = place_vectors(s, row, end - row, t.columns, lanes, places)
        if real is float:
            direct_float_sets[chosen].correlate(
                seen, offset, K, first * each, last * each, packed, bias, places, M, out, F, s.H_out * s.W_out
            )
        else:
            direct_double_sets[chosen].correlate(
                seen, offset, K, first * each, last * each, packed, bias, places, M, out, F, s.H_out * s.W_out
            )
        row = end


cdef void weights_tile(
    int chosen, const Layout *s, Tile t, const real *x, const ptrdiff_t *offset, ptrdiff_t terms, const real *dout,
    bint skip, ptrdiff_t F, ptrdiff_t width, real *sums, real *copy, real *turned, ptrdiff_t *rows,
) noexcept nogil:
    """IN x (N, C, H, W), dout (N, F, H_out, W_out). OUT sums (terms, width): added to. SCRATCH copy, turned, rows.

    skip: rows of dout are left out for rows of the filter that see only padding there.
    """
    cdef ptrdiff_t P = s.H_out * s.W_out, row_step = s.stride * s.pitch, i, k, each = s.C * s.WW, y = t.row * s.stride - s.top
    cdef ptrdiff_t block = direct_float_sets[chosen].k_block if real is float else direct_double_sets[chosen].k_block
    cdef const real *seen = see_tile(x, s, t, copy)
    for k in range(terms // block):
        rows[2 * k], rows[2 * k + 1] = 0, t.rows
        if skip:
            i = min(s.HH - 1, ((k + 1) * block - 1) // each)
            rows[2 * k] = row_from(-y - i, s.stride, t.rows)
            rows[2 * k + 1] = max(rows[2 * k], row_from(s.H - y - k * block // each, s.stride, t.rows))
    dout += t.n * F * P + t.row * s.W_out + t.column
    for i in range(t.rows):
        turn(dout + i * s.W_out, F, P, t.columns, turned + i * t.columns * width, width)
    if real is float:
        direct_float_sets[chosen].weights(seen, offset, terms, turned, width, sums, rows, t.columns, row_step, s.stride)
    else:
        direct_double_sets[chosen].weights(seen, offset, terms, turned, width, sums, rows, t.columns, row_step, s.stride)


cdef struct Grid:
    # A convolution's output goes to every step-th pixel of images (H, W), from (row, column) on.
    ptrdiff_t H, W, row, column, step


cdef void spread_tile(
    const Layout *s, Tile t, const real *out, ptrdiff_t F, Grid grid, real *images
) noexcept nogil:
    """IN a tile of out (F, H_out, W_out). OUT images (N, F, H, W): its pixels of the grid."""
    cdef ptrdiff_t f, i, j
    cdef const real *source
    cdef real *target
    for f in range(F):
        for i in range(t.row, t.row + t.rows):
            source = out + (f * s.H_out + i) * s.W_out + t.column
            target = images + ((t.n * F + f) * grid.H + grid.row + i * grid.step) * grid.W
            target += grid.column + t.column * grid.step
            if grid.step == 2:
                for j in range(t.columns):
                    target[j * 2] = source[j]
            else:
                for j in range(t.columns):
                    target[j * grid.step] = source[j]


cdef struct Filters:
    # Filter f's value of channel c, row i and column j is at w[f * f_step + c * c_step + i * i_step + j * j_step].
    ptrdiff_t F, f_step, c_step, i_step, j_step


cdef _correlate(
    int chosen, const Layout *s, ptrdiff_t N, const real *x, const real *w, Filters filters, const real *bias, bint skip,
    real *out, Grid grid,
):
    """IN x (N, C, H, W), w, bias (F) or NULL. OUT out (N, F, H_out, W_out), or its grid where that has a step."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW, P = s.H_out * s.W_out, items = N * s.tiles_down * s.tiles_across, item
    cdef ptrdiff_t vectors = vectors_of(s, lanes_of(x, chosen)), F = filters.F, i, c, j, k = 0
    cdef int threads = threads_for(items, 2.0 * N * F * K * P), thread = 0
    cdef real[:, ::1] packed = _empty(x, 1, F * K)
    cdef real[:, ::1] copies = _empty(x, threads, 0 if s.in_place else s.C * s.plane + lanes_of(x, chosen))
    cdef real[:, ::1] apart = _empty(x, threads, F * P if grid.step > 1 else 0)
    cdef ptrdiff_t[::1] offset = np.empty(K, dtype=np.intp), term = np.empty(K, dtype=np.intp)
    cdef ptrdiff_t[:, ::1] places = np.empty((threads, vectors * sizeof(direct_place) // sizeof(ptrdiff_t)), dtype=np.intp)
    cdef Tile t
    order_terms(s, K, &offset[0])
    for i in range(s.HH):
        for c in range(s.C):
            for j in range(s.WW):
                term[k] = c * filters.c_step + i * filters.i_step + j * filters.j_step
                k += 1
    if real is float:
        direct_float_sets[chosen].pack(w, filters.f_step, &term[0], F, K, &packed[0, 0])
    else:
        direct_double_sets[chosen].pack(w, filters.f_step, &term[0], F, K, &packed[0, 0])
    with nogil, parallel(num_threads=threads):
        thread = threadid()
        for item in prange(items, schedule="static"):
            t = tile_of(s, item)
            if grid.step > 1:
                correlate_tile(
                    chosen, s, t, x, &offset[0], &packed[0, 0], bias, skip, &apart[thread, 0], F,
                    <direct_place *> &places[thread, 0], &copies[thread, 0],
                )
                spread_tile(s, t, &apart[thread, 0], F, grid, out)
            else:
                correlate_tile(
                    chosen, s, t, x, &offset[0], &packed[0, 0], bias, skip, out + t.n * F * P, F,
                    <direct_place *> &places[thread, 0], &copies[thread, 0],
                )


def conv_forward(
    const real[:, :, :, ::1] x, const real[:, :, :, ::1] w, const real[::1] b, real[:, :, :, ::1] out,
    ptrdiff_t stride, ptrdiff_t pad,
):
    """IN x (N, C, H, W), w (F, C, HH, WW), b (F,). OUT out (N, F, H_out, W_out)."""
    cdef ptrdiff_t N = x.shape[0], F = w.shape[0], H_out = out.shape[2], W_out = out.shape[3], n
    cdef int chosen = choose(&x[0, 0, 0, 0], W_out), threads
    cdef ptrdiff_t lanes = 1 if chosen == DIRECT_COUNT else lanes_of(&x[0, 0, 0, 0], chosen)
    cdef Grid whole
    cdef Layout s = lay_out(
        N, x.shape[1], x.shape[2], x.shape[3], w.shape[2], w.shape[3], stride, pad, pad, H_out, W_out, stride, lanes,
        CACHE_BYTES // sizeof(real),
    )
    cdef Filters filters
    cdef bint skip
    if chosen < DIRECT_COUNT:
        whole.step = 1
        filters.F, filters.f_step, filters.c_step = F, s.C * s.HH * s.WW, s.HH * s.WW
        filters.i_step, filters.j_step = s.WW, 1
        # Zeros of the padding times a weight that is not finite are NaN, so they count.
        skip = pad > 0 and np.isfinite(w).all()
        _correlate(
            chosen, &s, N, &x[0, 0, 0, 0], &w[0, 0, 0, 0], filters, &b[0], skip, &out[0, 0, 0, 0], whole
        )
        return

    cdef ptrdiff_t K = s.C * s.HH * s.WW
    cdef real[:, ::1] columns
    lay_out_for_blas(&s, CACHE_BYTES // sizeof(real))
    threads = threads_for(N, 2.0 * N * F * K * H_out * W_out)
    columns = _empty(&x[0, 0, 0, 0], threads, K * s.rows * s.columns)
    for n in prange(N, nogil=True, num_threads=threads, schedule="static"):
        multiply_forward(
            &s, n, &x[0, 0, 0, 0], &w[0, 0, 0, 0], &b[0], &out[0, 0, 0, 0], F, &columns[threadid(), 0]
        )


def conv_backward(
    const real[:, :, :, ::1] dout, const real[:, :, :, ::1] x, const real[:, :, :, ::1] w, real[:, :, :, ::1] dx,
    real[:, :, :, ::1] dw, real[::1] db, ptrdiff_t stride, ptrdiff_t pad,
):
    """IN dout (N, F, H_out, W_out), x (N, C, H, W), w (F, C, HH, WW). OUT dx (N, C, H, W), dw (F, C, HH, WW), db (F)."""
    cdef bint skip
    _backward_biases(dout, db)
    _backward_images(dout, w, dx, stride, pad)
    # Zeros of the padding times a gradient that is not finite are NaN, so they count.
    skip = pad > 0 and np.isfinite(db).all()
    _backward_weights(dout, x, dw, skip, stride, pad)


cdef _backward_biases(const real[:, :, :, ::1] dout, real[::1] db):
    cdef ptrdiff_t N = dout.shape[0], F = dout.shape[1], P = dout.shape[2] * dout.shape[3], plane, p
    cdef int threads = threads_for(N * F, <double> N * F * P)
    cdef real[:, ::1] sums = np.empty((N, F), dtype=np.float32 if real is float else np.float64)
    cdef real *total = &sums[0, 0]
    cdef const real *values = &dout[0, 0, 0, 0]
    for plane in prange(N * F, nogil=True, num_threads=threads, schedule="static"):
        if _first == DIRECT_COUNT:
            total[plane] = 0
            for p in range(P):
                total[plane] += values[plane * P + p]
        elif real is float:
            total[plane] = direct_float_sets[_first].total(values + plane * P, P)
        else:
            total[plane] = direct_double_sets[_first].total(values + plane * P, P)
    np.asarray(db)[:] = np.asarray(sums).sum(axis=0)


cdef _backward_images(
    const real[:, :, :, ::1] dout, const real[:, :, :, ::1] w, real[:, :, :, ::1] dx, ptrdiff_t stride, ptrdiff_t pad
):
    """dx is a convolution too: of dout with the filters turned around, their first two axes swapped.

    With a stride, it is one for each row and column of pixels of equal remainder: pixel y lies under the weights i with
    y + pad = q * stride + i, so those with i = i0 + a * stride see dout at q0 - a. A NaN or infinity among the weights
    would spread from there to pixels that it never touched, by way of the zeros around dout; columns do not have any.
    """
    cdef ptrdiff_t N = dx.shape[0], C = dx.shape[1], H = dx.shape[2], W = dx.shape[3]
    cdef ptrdiff_t F = w.shape[0], HH = w.shape[2], WW = w.shape[3], H_out = dout.shape[2], W_out = dout.shape[3], n
    cdef int chosen = choose(&w[0, 0, 0, 0], (W + stride - 1) // stride), threads
    cdef Layout s
    cdef Grid grid
    cdef Filters filters
    cdef const real *none = NULL
    cdef ptrdiff_t i0, j0, rows, columns_, HH_part, WW_part
    # Too little work for stride * stride convolutions goes by columns.
    cdef bint enough = stride == 1 or 2.0 * N * F * C * HH * WW * H_out * W_out >= 2e7 * stride * stride
    if chosen < DIRECT_COUNT and enough and stride <= min(HH, WW, H, W) and np.isfinite(w).all():
        grid.H, grid.W, grid.step = H, W, stride
        for i0 in range(stride):
            for j0 in range(stride):
                grid.row, grid.column = (i0 - pad) % stride, (j0 - pad) % stride
                grid.row += stride if grid.row < 0 else 0
                grid.column += stride if grid.column < 0 else 0
                rows, columns_ = (H - grid.row + stride - 1) // stride, (W - grid.column + stride - 1) // stride
                HH_part, WW_part = (HH - i0 + stride - 1) // stride, (WW - j0 + stride - 1) // stride
                # Turned around: from the last weight of this remainder backwards.
                filters.F, filters.f_step, filters.c_step = C, HH * WW, C * HH * WW
                filters.i_step, filters.j_step = -stride * WW, -stride
                s = lay_out(
                    N, F, H_out, W_out, HH_part, WW_part, 1, HH_part - 1 - (grid.row + pad - i0) // stride,
                    WW_part - 1 - (grid.column + pad - j0) // stride, rows, columns_, 1,
                    lanes_of(&w[0, 0, 0, 0], chosen), CACHE_BYTES // sizeof(real),
                )
                _correlate(
                    chosen, &s, N, &dout[0, 0, 0, 0],
                    &w[0, 0, i0 + (HH_part - 1) * stride, j0 + (WW_part - 1) * stride], filters, none,
                    True, &dx[0, 0, 0, 0], grid,
                )
        return

    cdef ptrdiff_t K = C * HH * WW
    cdef real[:, ::1] columns
    s = lay_out(N, C, H, W, HH, WW, stride, pad, pad, H_out, W_out, stride, 1, CACHE_BYTES // sizeof(real))
    lay_out_for_blas(&s, CACHE_BYTES // sizeof(real))
    threads = threads_for(N, 2.0 * N * F * K * H_out * W_out)
    columns = _empty(&w[0, 0, 0, 0], threads, K * s.rows * s.columns)
    for n in prange(N, nogil=True, num_threads=threads, schedule="static"):
        multiply_dx(&s, n, &dout[0, 0, 0, 0], &w[0, 0, 0, 0], &dx[0, 0, 0, 0], F, &columns[threadid(), 0])


cdef _backward_weights(
    const real[:, :, :, ::1] dout, const real[:, :, :, ::1] x, real[:, :, :, ::1] dw, bint skip, ptrdiff_t stride,
    ptrdiff_t pad,
):
    """Each thread adds up the dw of its own tiles or images; then their sums are added."""
    cdef ptrdiff_t N = x.shape[0], C = x.shape[1], F = dw.shape[0], HH = dw.shape[2], WW = dw.shape[3]
    cdef ptrdiff_t H_out = dout.shape[2], W_out = dout.shape[3], K = C * HH * WW, n, item, items, terms, width
    cdef int chosen = choose(&x[0, 0, 0, 0], F), threads, thread = 0
    cdef ptrdiff_t lanes, k_block
    cdef Layout s
    cdef real[:, ::1] sums, copies, turned
    cdef ptrdiff_t[::1] offset
    cdef ptrdiff_t[:, ::1] rows
    if chosen < DIRECT_COUNT:
        lanes = lanes_of(&x[0, 0, 0, 0], chosen)
        k_block = direct_float_sets[chosen].k_block if real is float else direct_double_sets[chosen].k_block
        terms, width = (K + k_block - 1) // k_block * k_block, (F + lanes - 1) // lanes * lanes
        # The copy of the image and dout, turned, share the cache.
        s = lay_out(
            N, C, x.shape[2], x.shape[3], HH, WW, stride, pad, pad, H_out, W_out, 1, lanes,
            CACHE_BYTES // sizeof(real) * C * stride * stride // (C * stride * stride + width),
        )
        items = N * s.tiles_down * s.tiles_across
        threads = threads_for(items, 2.0 * N * F * K * H_out * W_out)
        offset = np.empty(terms, dtype=np.intp)
        order_terms(&s, terms, &offset[0])
        sums = _empty(&x[0, 0, 0, 0], threads, terms * width)
        sums[:] = 0
        copies = _empty(&x[0, 0, 0, 0], threads, 0 if s.in_place else C * s.plane)
        turned = _empty(&x[0, 0, 0, 0], threads, s.rows * s.columns * width)
        turned[:] = 0
        rows = np.empty((threads, 2 * (terms // k_block) + 16), dtype=np.intp)
        with nogil, parallel(num_threads=threads):
            thread = threadid()
            for item in prange(items, schedule="static"):
                weights_tile(
                    chosen, &s, tile_of(&s, item), &x[0, 0, 0, 0], &offset[0], terms, &dout[0, 0, 0, 0], skip, F, width,
                    &sums[thread, 0], &copies[thread, 0], &turned[thread, 0], &rows[thread, 0],
                )
        total = np.asarray(sums).sum(axis=0)[: terms * width].reshape(terms, width)
        np.asarray(dw)[:] = total[:K, :F].reshape(HH, C, WW, F).transpose(3, 1, 0, 2)
        return

    s = lay_out(N, C, x.shape[2], x.shape[3], HH, WW, stride, pad, pad, H_out, W_out, stride, 1, CACHE_BYTES // sizeof(real))
    lay_out_for_blas(&s, CACHE_BYTES // sizeof(real))
    threads = threads_for(N, 2.0 * N * F * K * H_out * W_out)
    copies = _empty(&x[0, 0, 0, 0], threads, K * s.rows * s.columns)
    sums = _empty(&x[0, 0, 0, 0], threads, F * K)
    sums[:] = 0
    with nogil, parallel(num_threads=threads):
        thread = threadid()
        for n in prange(N, schedule="static"):
            multiply_dw(
                &s, n, &dout[0, 0, 0, 0], &x[0, 0, 0, 0], &sums[thread, 0], F, &copies[thread, 0]
            )
    np.asarray(dw).reshape(F * K)[:] = np.asarray(sums).sum(axis=0)[: F * K]
