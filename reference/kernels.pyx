# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Convolution and max-pooling, compiled, in float32 and float64.

a. The functions at the end are called by fast_layers.py, which has checked the shapes and made the arrays marked OUT.
   They lay out scratch memory and start the threads; the nogil loops never allocate.
b. Work is shared out over tiles: some rows and columns of the output of one image, as many as keep what a thread
   copies within CACHE_BYTES. Convolution goes tile by tile: the part of the image that a tile sees is copied with its
   padding, columns of equal remainder by the stride together, and direct.h does the sums.
c. direct.h needs output rows that fill its vectors. For narrow ones, for dx with a stride, and for compilers without
   vector types, columns are laid out (im2col) and multiplied by BLAS, from SciPy. Each thread calls BLAS by itself, so
   fast_layers.py keeps BLAS to one thread meanwhile: two pools of threads on the same cores are in each other's way.
d. Tiles and threads are paired beforehand, and each thread sums dw on its own: the same input gives the same bits, as
   long as the number of threads is the same.
e. N images, C channels, H x W pixels, F filters of HH x WW; H_out x W_out windows; K = C * HH * WW terms a window.
"""

from cython.parallel cimport parallel, prange, threadid
from libc.string cimport memcpy, memset
from scipy.linalg.cython_blas cimport dgemm, sgemm

import numpy as np

cdef extern from "direct.h" nogil:
    ctypedef struct direct_float:
        const char *name
        ptrdiff_t lanes, k_block
        void (*pack)(const float *, ptrdiff_t, ptrdiff_t, ptrdiff_t, float *) noexcept nogil
        void (*correlate)(const float *, const ptrdiff_t *, ptrdiff_t, const float *, const float *, const ptrdiff_t *,
                       const ptrdiff_t *, ptrdiff_t, float *, ptrdiff_t, ptrdiff_t, ptrdiff_t) noexcept nogil
        void (*weights)(const float *, const ptrdiff_t *, ptrdiff_t, const float *, ptrdiff_t, float *, ptrdiff_t,
                     ptrdiff_t, ptrdiff_t) noexcept nogil
    ctypedef struct direct_double:
        const char *name
        ptrdiff_t lanes, k_block
        void (*pack)(const double *, ptrdiff_t, ptrdiff_t, ptrdiff_t, double *) noexcept nogil
        void (*correlate)(const double *, const ptrdiff_t *, ptrdiff_t, const double *, const double *, const ptrdiff_t *,
                       const ptrdiff_t *, ptrdiff_t, double *, ptrdiff_t, ptrdiff_t, ptrdiff_t) noexcept nogil
        void (*weights)(const double *, const ptrdiff_t *, ptrdiff_t, const double *, ptrdiff_t, double *, ptrdiff_t,
                     ptrdiff_t, ptrdiff_t) noexcept nogil
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

ctypedef fused real:
    float
    double

# Half of a second-level cache of 512 KiB, so that weights and results have room too.
cdef ptrdiff_t CACHE_BYTES = 256 * 1024

# The sets of direct.h, the widest first; _first is the first that is used, DIRECT_COUNT stands for BLAS alone.
cdef int _first = 0
while _first < DIRECT_COUNT and not direct_known(_first):
    _first += 1

# 0: as many as OpenMP would take.
cdef int _most_threads = 0

INSTRUCTION_SETS = tuple(direct_float_sets[i].name.decode() for i in range(_first, DIRECT_COUNT)) + ("blas",)


def use_instruction_set(name):
    """Use no wider instruction set than this one of INSTRUCTION_SETS; the first, the widest, is in use at the start."""
    global _first
    _first = DIRECT_COUNT + 1 - len(INSTRUCTION_SETS) + INSTRUCTION_SETS.index(name)


cdef struct Layout:
    # How a convolution lies in memory. The image begins `top` rows and `left` columns inside of its padding.
    ptrdiff_t C, H, W, HH, WW, stride, top, left, H_out, W_out
    # A full tile of the output, and how many there are.
    ptrdiff_t rows, columns, tiles_down, tiles_across
    # The copy that a tile sees: (C, plane), rows of `pitch`, in each row `stride` segments of `segment` columns.
    ptrdiff_t segment, pitch, plane


cdef struct Tile:
    # Of image n: rows x columns of the output, from (row, column) on.
    ptrdiff_t n, row, column, rows, columns


cdef Layout lay_out(
    ptrdiff_t C, ptrdiff_t H, ptrdiff_t W, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride, ptrdiff_t top, ptrdiff_t left,
    ptrdiff_t H_out, ptrdiff_t W_out, ptrdiff_t lanes, ptrdiff_t limit,
) noexcept nogil:
    """Choose tiles whose copies hold at most `limit` values; at least one row of `lanes` columns."""
    cdef Layout s
    s.C, s.H, s.W, s.HH, s.WW, s.stride, s.top, s.left = C, H, W, HH, WW, stride, top, left
    s.H_out, s.W_out = H_out, W_out
    s.columns = W_out
    while True:
        s.segment = s.columns + (WW - 1) // stride
        s.pitch = s.segment * stride
        if C * HH * s.pitch <= limit or s.columns <= lanes:
            break
        s.columns = max(lanes, s.columns // 2 // lanes * lanes)
    s.rows = max(1, min(H_out, 1 + (limit // (C * s.pitch) - HH) // stride))
    s.plane = ((s.rows - 1) * stride + HH) * s.pitch
    s.tiles_down = (H_out + s.rows - 1) // s.rows
    s.tiles_across = (W_out + s.columns - 1) // s.columns
    return s


cdef void lay_out_for_blas(Layout *s, ptrdiff_t limit) noexcept nogil:
    """Choose tiles whose K columns hold at most `limit` values; whole rows, or a part of one, so one range of windows."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW
    s.columns = min(s.W_out, max(16, limit // K))
    s.rows = 1 if s.columns < s.W_out else max(1, min(s.H_out, limit // (K * s.W_out)))
    s.tiles_down = (s.H_out + s.rows - 1) // s.rows
    s.tiles_across = (s.W_out + s.columns - 1) // s.columns


cdef Tile tile_of(const Layout *s, ptrdiff_t item) noexcept nogil:
    """Tile number `item`, counted image by image."""
    cdef Tile t
    t.n, item = item // (s.tiles_down * s.tiles_across), item % (s.tiles_down * s.tiles_across)
    t.row, t.column = item // s.tiles_across * s.rows, item % s.tiles_across * s.columns
    t.rows, t.columns = min(s.rows, s.H_out - t.row), min(s.columns, s.W_out - t.column)
    return t


cdef void offset_terms(const Layout *s, ptrdiff_t terms, ptrdiff_t *offset) noexcept nogil:
    """OUT offset (terms): where the terms of the first window lie in the copy; beyond K the last one again."""
    cdef ptrdiff_t c, i, j, k = 0
    for c in range(s.C):
        for i in range(s.HH):
            for j in range(s.WW):
                offset[k] = c * s.plane + i * s.pitch + j % s.stride * s.segment + j // s.stride
                k += 1
    for k in range(k, terms):
        offset[k] = offset[k - 1]


cdef ptrdiff_t place_vectors(
    const Layout *s, Tile t, ptrdiff_t lanes, ptrdiff_t *at, ptrdiff_t *to
) noexcept nogil:
    """OUT at, to: where the vectors of a tile begin in the copy and in the output. Returns how many there are.

    The last vector of a row ends where the row ends, and so overlaps the one before it.
    """
    cdef ptrdiff_t i, j, m = 0, M
    for i in range(t.rows):
        j = 0
        while True:
            at[m] = i * s.stride * s.pitch + j
            to[m] = i * s.W_out + j
            m += 1
            if j + lanes >= t.columns:
                break
            j = min(j + lanes, t.columns - lanes)
    M = m
    while m % DIRECT_VECTORS:
        at[m], to[m] = at[M - 1], to[M - 1]
        m += 1
    return M


cdef ptrdiff_t steps_until(ptrdiff_t x, ptrdiff_t stride, ptrdiff_t bound, ptrdiff_t most) noexcept nogil:
    """The smallest q with x + q * stride >= bound, but at most `most`."""
    return 0 if x >= bound else min(most, (bound - x + stride - 1) // stride)


cdef void copy_tile(const real *x, const Layout *s, Tile t, real *copy) noexcept nogil:
    """IN x (N, C, H, W). OUT copy: what the windows of this tile of the output see, zeros where there is no image."""
    cdef ptrdiff_t c, i, y, x0, q, first, last, phase
    cdef ptrdiff_t seen = (t.rows - 1) * s.stride + s.HH, width = t.columns + (s.WW - 1) // s.stride
    cdef const real *image = x + t.n * s.C * s.H * s.W
    cdef const real *source
    cdef real *target
    for c in range(s.C):
        for i in range(seen):
            y = t.row * s.stride - s.top + i
            target = copy + c * s.plane + i * s.pitch
            if y < 0 or y >= s.H:
                memset(target, 0, s.pitch * sizeof(real))
                continue
            source = image + (c * s.H + y) * s.W
            for phase in range(s.stride):
                x0 = t.column * s.stride - s.left + phase
                first, last = steps_until(x0, s.stride, 0, width), steps_until(x0, s.stride, s.W, width)
                memset(target, 0, first * sizeof(real))
                if s.stride == 1:
                    memcpy(target + first, source + x0 + first, (last - first) * sizeof(real))
                else:
                    for q in range(first, last):
                        target[q] = source[x0 + q * s.stride]
                memset(target + last, 0, (width - last) * sizeof(real))
                target += s.segment


cdef void correlate_tile(
    int chosen, const Layout *s, Tile t, const real *x, const ptrdiff_t *offset, const real *packed, const real *bias,
    real *out, ptrdiff_t F, ptrdiff_t *places, real *copy,
) noexcept nogil:
    """IN x (N, C, H, W). OUT a tile of out (N, F, H_out, W_out). SCRATCH places, copy."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW, P = s.H_out * s.W_out, lanes = lanes_of(x, chosen), M
    cdef ptrdiff_t *to = places + vectors_of(s, lanes)
    copy_tile(x, s, t, copy)
    M = place_vectors(s, t, lanes, places, to)
    out += t.n * F * P + t.row * s.W_out + t.column
    if real is float:
        direct_float_sets[chosen].correlate(copy, offset, K, packed, bias, places, to, M, out, F, P, t.columns)
    else:
        direct_double_sets[chosen].correlate(copy, offset, K, packed, bias, places, to, M, out, F, P, t.columns)


cdef void weights_tile(
    int chosen, const Layout *s, Tile t, const real *x, const ptrdiff_t *offset, ptrdiff_t terms, const real *dout,
    ptrdiff_t F, ptrdiff_t width, real *sums, real *copy, real *turned,
) noexcept nogil:
    """IN x (N, C, H, W), dout (N, F, H_out, W_out). OUT sums (terms, width): added to. SCRATCH copy, turned."""
    cdef ptrdiff_t P = s.H_out * s.W_out, row_step = s.stride * s.pitch, i
    copy_tile(x, s, t, copy)
    dout += t.n * F * P + t.row * s.W_out + t.column
    for i in range(t.rows):
        turn(dout + i * s.W_out, F, P, t.columns, turned + i * t.columns * width, width)
    if real is float:
        direct_float_sets[chosen].weights(copy, offset, terms, turned, width, sums, t.rows, t.columns, row_step)
    else:
        direct_double_sets[chosen].weights(copy, offset, terms, turned, width, sums, t.rows, t.columns, row_step)


cdef void turn(
    const real *rows, ptrdiff_t F, ptrdiff_t step, ptrdiff_t length, real *columns, ptrdiff_t width
) noexcept nogil:
    """IN rows: F of `length` values, `step` apart. OUT columns (length, width): the same turned; beyond F as it was."""
    cdef ptrdiff_t f, j, f4 = F - F % 4
    cdef const real *row
    cdef real *column
    # Four at a time: the compiler sees neighbours that are stored together.
    for f in range(0, f4, 4):
        row = rows + f * step
        column = columns + f
        for j in range(length):
            column[0] = row[j]
            column[1] = row[step + j]
            column[2] = row[2 * step + j]
            column[3] = row[3 * step + j]
            column += width
    for f in range(f4, F):
        for j in range(length):
            columns[j * width + f] = rows[f * step + j]


cdef void lay_columns(
    const Layout *s, Tile t, const real *image, real *columns
) noexcept nogil:
    """IN image (C, H, W). OUT columns (K, windows of the tile): a column holds what a window sees."""
    cdef ptrdiff_t c, i, j, r, q, y, x0, first, last
    cdef const real *row
    for c in range(s.C):
        for i in range(s.HH):
            for j in range(s.WW):
                x0 = t.column * s.stride - s.left + j
                first, last = steps_until(x0, s.stride, 0, t.columns), steps_until(x0, s.stride, s.W, t.columns)
                for r in range(t.rows):
                    y = (t.row + r) * s.stride - s.top + i
                    row = image + (c * s.H + y) * s.W + x0
                    if y < 0 or y >= s.H:
                        memset(columns, 0, t.columns * sizeof(real))
                    else:
                        memset(columns, 0, first * sizeof(real))
                        for q in range(first, last):
                            columns[q] = row[q * s.stride]
                        memset(columns + last, 0, (t.columns - last) * sizeof(real))
                    columns += t.columns


cdef void add_columns(
    const Layout *s, Tile t, const real *columns, real *image
) noexcept nogil:
    """IN columns (K, windows of the tile). OUT image (C, H, W): added to, each value where lay_columns takes it."""
    cdef ptrdiff_t c, i, j, r, q, y, x0, first, last
    cdef real *row
    for c in range(s.C):
        for i in range(s.HH):
            for j in range(s.WW):
                x0 = t.column * s.stride - s.left + j
                first, last = steps_until(x0, s.stride, 0, t.columns), steps_until(x0, s.stride, s.W, t.columns)
                for r in range(t.rows):
                    y = (t.row + r) * s.stride - s.top + i
                    row = image + (c * s.H + y) * s.W + x0
                    if 0 <= y < s.H:
                        for q in range(first, last):
                            row[q * s.stride] += columns[q]
                    columns += t.columns


cdef void multiply(
    bint turn_a, bint turn_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *a, ptrdiff_t lda, const real *b,
    ptrdiff_t ldb, real beta, real *c, ptrdiff_t ldc,
) noexcept nogil:
    """c (n, m) = b (n, k) @ a (k, m) + beta * c, rows lda, ldb and ldc apart; a, b: the other way round where turned."""
    cdef char ta = c"T" if turn_a else c"N", tb = c"T" if turn_b else c"N"
    cdef int im = <int> m, in_ = <int> n, ik = <int> k, ilda = <int> lda, ildb = <int> ldb, ildc = <int> ldc
    cdef real one = 1
    if real is float:
        sgemm(&ta, &tb, &im, &in_, &ik, &one, <float *> a, &ilda, <float *> b, &ildb, &beta, c, &ildc)
    else:
        dgemm(&ta, &tb, &im, &in_, &ik, &one, <double *> a, &ilda, <double *> b, &ildb, &beta, c, &ildc)


cdef void multiply_forward(
    const Layout *s, ptrdiff_t n, const real *x, const real *w, const real *b, real *out, ptrdiff_t F, real *columns
) noexcept nogil:
    """IN x (N, C, H, W), w (F, K), b (F). OUT image n of out (N, F, H_out, W_out). SCRATCH columns."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW, P = s.H_out * s.W_out, k, f, p, size
    cdef Tile t
    out += n * F * P
    for f in range(F):
        for p in range(P):
            out[f * P + p] = b[f]
    for k in range(s.tiles_down * s.tiles_across):
        t = tile_of(s, k)
        p, size = t.row * s.W_out + t.column, t.rows * t.columns
        lay_columns(s, t, x + n * s.C * s.H * s.W, columns)
        multiply(False, False, size, F, K, columns, size, w, K, <real> 1, out + p, P)


cdef void multiply_dx(
    const Layout *s, ptrdiff_t n, const real *dout, const real *w, real *dx, ptrdiff_t F, real *columns
) noexcept nogil:
    """IN dout (N, F, H_out, W_out), w (F, K). OUT image n of dx (N, C, H, W). SCRATCH columns."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW, P = s.H_out * s.W_out, k, p, size
    cdef Tile t
    dx += n * s.C * s.H * s.W
    memset(dx, 0, s.C * s.H * s.W * sizeof(real))
    for k in range(s.tiles_down * s.tiles_across):
        t = tile_of(s, k)
        p, size = t.row * s.W_out + t.column, t.rows * t.columns
        multiply(False, True, size, K, F, dout + n * F * P + p, P, w, K, <real> 0, columns, size)
        add_columns(s, t, columns, dx)


cdef void multiply_dw(
    const Layout *s, ptrdiff_t n, const real *dout, const real *x, real *dw, ptrdiff_t F, real *columns
) noexcept nogil:
    """IN dout (N, F, H_out, W_out), x (N, C, H, W). OUT dw (F, K): image n added. SCRATCH columns."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW, P = s.H_out * s.W_out, k, p, size
    cdef Tile t
    for k in range(s.tiles_down * s.tiles_across):
        t = tile_of(s, k)
        p, size = t.row * s.W_out + t.column, t.rows * t.columns
        lay_columns(s, t, x + n * s.C * s.H * s.W, columns)
        multiply(True, False, K, F, size, columns, size, dout + n * F * P + p, P, <real> 1, dw, K)


cdef ptrdiff_t lanes_of(const real *kind, int chosen) noexcept nogil:
    """How many values a vector holds; `kind` only names the type."""
    return direct_float_sets[chosen].lanes if real is float else direct_double_sets[chosen].lanes


cdef int choose(const real *kind, ptrdiff_t width) noexcept nogil:
    """The widest set whose vectors rows of this width fill by more than half, else DIRECT_COUNT."""
    cdef int chosen = _first
    while chosen < DIRECT_COUNT and width * 2 <= lanes_of(kind, chosen):
        chosen += 1
    return chosen


cdef ptrdiff_t vectors_of(const Layout *s, ptrdiff_t lanes) noexcept nogil:
    """How many vectors a tile may take, with those that fill up the last block."""
    return s.rows * ((s.columns + lanes - 1) // lanes) + DIRECT_VECTORS


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


cdef void _correlate(
    int chosen, const Layout *s, ptrdiff_t N, const real *x, const real *w, const real *bias, real *out, ptrdiff_t F
):
    """IN x (N, C, H, W), w (F, K), bias (F) or NULL. OUT out (N, F, H_out, W_out)."""
    cdef ptrdiff_t K = s.C * s.HH * s.WW, items = N * s.tiles_down * s.tiles_across, item
    cdef ptrdiff_t vectors = vectors_of(s, lanes_of(x, chosen))
    cdef int threads = threads_for(items, 2.0 * N * F * K * s.H_out * s.W_out), thread = 0
    cdef real[:, ::1] packed = _empty(x, 1, F * K)
    cdef real[:, ::1] copies = _empty(x, threads, s.C * s.plane + lanes_of(x, chosen))
    cdef ptrdiff_t[::1] offset = np.empty(K, dtype=np.intp)
    cdef ptrdiff_t[:, ::1] places = np.empty((threads, 2 * vectors), dtype=np.intp)
    offset_terms(s, K, &offset[0])
    if real is float:
        direct_float_sets[chosen].pack(w, K, F, K, &packed[0, 0])
    else:
        direct_double_sets[chosen].pack(w, K, F, K, &packed[0, 0])
    with nogil, parallel(num_threads=threads):
        thread = threadid()
        for item in prange(items, schedule="static"):
            correlate_tile(
                chosen, s, tile_of(s, item), x, &offset[0], &packed[0, 0], bias, out, F, &places[thread, 0],
                &copies[thread, 0],
            )


def conv_forward(
    const real[:, :, :, ::1] x, const real[:, :, :, ::1] w, const real[::1] b, real[:, :, :, ::1] out,
    ptrdiff_t stride, ptrdiff_t pad,
):
    """IN x (N, C, H, W), w (F, C, HH, WW), b (F,). OUT out (N, F, H_out, W_out)."""
    cdef ptrdiff_t N = x.shape[0], F = w.shape[0], H_out = out.shape[2], W_out = out.shape[3], n
    cdef int chosen = choose(&x[0, 0, 0, 0], W_out), threads
    cdef ptrdiff_t lanes = 1 if chosen == DIRECT_COUNT else lanes_of(&x[0, 0, 0, 0], chosen)
    cdef Layout s = lay_out(
        x.shape[1], x.shape[2], x.shape[3], w.shape[2], w.shape[3], stride, pad, pad, H_out, W_out, lanes,
        CACHE_BYTES // sizeof(real),
    )
    if chosen < DIRECT_COUNT:
        _correlate(chosen, &s, N, &x[0, 0, 0, 0], &w[0, 0, 0, 0], &b[0], &out[0, 0, 0, 0], F)
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
    real[:, :, :, ::1] dw, ptrdiff_t stride, ptrdiff_t pad,
):
    """IN dout (N, F, H_out, W_out), x (N, C, H, W), w (F, C, HH, WW). OUT dx (N, C, H, W), dw (F, C, HH, WW)."""
    _backward_images(dout, w, dx, stride, pad)
    _backward_weights(dout, x, dw, stride, pad)


cdef _backward_images(
    const real[:, :, :, ::1] dout, const real[:, :, :, ::1] w, real[:, :, :, ::1] dx, ptrdiff_t stride, ptrdiff_t pad
):
    """With stride 1, dx is a convolution too: of dout with the filters turned around, their first two axes swapped."""
    cdef ptrdiff_t N = dx.shape[0], C = dx.shape[1], H = dx.shape[2], W = dx.shape[3]
    cdef ptrdiff_t F = w.shape[0], HH = w.shape[2], WW = w.shape[3], H_out = dout.shape[2], W_out = dout.shape[3], n
    cdef int chosen = choose(&w[0, 0, 0, 0], W), threads
    cdef Layout s
    cdef real[:, :, :, ::1] turned
    if chosen < DIRECT_COUNT and stride == 1:
        turned = np.ascontiguousarray(np.asarray(w)[:, :, ::-1, ::-1].swapaxes(0, 1))
        s = lay_out(
            F, H_out, W_out, HH, WW, 1, HH - 1 - pad, WW - 1 - pad, H, W, lanes_of(&w[0, 0, 0, 0], chosen),
            CACHE_BYTES // sizeof(real),
        )
        _correlate(chosen, &s, N, &dout[0, 0, 0, 0], &turned[0, 0, 0, 0], <const real *> NULL, &dx[0, 0, 0, 0], C)
        return

    cdef ptrdiff_t K = C * HH * WW
    cdef real[:, ::1] columns
    s = lay_out(C, H, W, HH, WW, stride, pad, pad, H_out, W_out, 1, CACHE_BYTES // sizeof(real))
    lay_out_for_blas(&s, CACHE_BYTES // sizeof(real))
    threads = threads_for(N, 2.0 * N * F * K * H_out * W_out)
    columns = _empty(&w[0, 0, 0, 0], threads, K * s.rows * s.columns)
    for n in prange(N, nogil=True, num_threads=threads, schedule="static"):
        multiply_dx(&s, n, &dout[0, 0, 0, 0], &w[0, 0, 0, 0], &dx[0, 0, 0, 0], F, &columns[threadid(), 0])


cdef _backward_weights(
    const real[:, :, :, ::1] dout, const real[:, :, :, ::1] x, real[:, :, :, ::1] dw, ptrdiff_t stride, ptrdiff_t pad
):
    """Each thread adds up the dw of its own tiles or images; then their sums are added."""
    cdef ptrdiff_t N = x.shape[0], C = x.shape[1], F = dw.shape[0], HH = dw.shape[2], WW = dw.shape[3]
    cdef ptrdiff_t H_out = dout.shape[2], W_out = dout.shape[3], K = C * HH * WW, n, item, items, terms, width
    cdef int chosen = choose(&x[0, 0, 0, 0], F), threads, thread = 0
    cdef ptrdiff_t lanes, k_block
    cdef Layout s
    cdef real[:, ::1] sums, copies, turned
    cdef ptrdiff_t[::1] offset
    if chosen < DIRECT_COUNT:
        lanes = lanes_of(&x[0, 0, 0, 0], chosen)
        k_block = direct_float_sets[chosen].k_block if real is float else direct_double_sets[chosen].k_block
        terms, width = (K + k_block - 1) // k_block * k_block, (F + lanes - 1) // lanes * lanes
        # The copy of the image and dout, turned, share the cache.
        s = lay_out(
            C, x.shape[2], x.shape[3], HH, WW, stride, pad, pad, H_out, W_out, lanes,
            CACHE_BYTES // sizeof(real) * C * stride * stride // (C * stride * stride + width),
        )
        items = N * s.tiles_down * s.tiles_across
        threads = threads_for(items, 2.0 * N * F * K * H_out * W_out)
        offset = np.empty(terms, dtype=np.intp)
        offset_terms(&s, terms, &offset[0])
        sums = _empty(&x[0, 0, 0, 0], threads, terms * width)
        sums[:] = 0
        copies = _empty(&x[0, 0, 0, 0], threads, C * s.plane)
        turned = _empty(&x[0, 0, 0, 0], threads, s.rows * s.columns * width)
        turned[:] = 0
        with nogil, parallel(num_threads=threads):
            thread = threadid()
            for item in prange(items, schedule="static"):
                weights_tile(
                    chosen, &s, tile_of(&s, item), &x[0, 0, 0, 0], &offset[0], terms, &dout[0, 0, 0, 0], F, width,
                    &sums[thread, 0], &copies[thread, 0], &turned[thread, 0],
                )
        total = np.asarray(sums).sum(axis=0)[: terms * width].reshape(terms, width)
        np.asarray(dw).reshape(F, K)[:] = total[:K, :F].T
        return

    s = lay_out(C, x.shape[2], x.shape[3], HH, WW, stride, pad, pad, H_out, W_out, 1, CACHE_BYTES // sizeof(real))
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
    """give_to_largest for 2 x 2 windows that do not overlap, without branches, so that compilers vectorise it.

    IN x0, x1: the two rows that a row of windows sees. OUT dx0, dx1: those rows, of W_out * 2 columns.
    """
    cdef ptrdiff_t q
    cdef real a, b, c, d, best, largest
    for q in range(W_out):
        a, b, c, d = x0[2 * q], x0[2 * q + 1], x1[2 * q], x1[2 * q + 1]
        # A number as `best`, of the type of the values, fills the same vectors as they do.
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
