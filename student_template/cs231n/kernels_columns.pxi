# Part of kernels.pyx: convolution by columns (im2col) and BLAS, an image at a time.

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
