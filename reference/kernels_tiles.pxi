# Part of kernels.pyx: how a convolution is divided into tiles, and what a tile copies before it begins.

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
    for phase in range(s.stride):
        x0 = t.column * s.stride - s.left + phase
        first, last = steps_until(x0, s.stride, 0, width), steps_until(x0, s.stride, s.W, width)
        for c in range(s.C):
            for i in range(seen):
                y = t.row * s.stride - s.top + i
                target = copy + c * s.plane + i * s.pitch + phase * s.segment
                if y < 0 or y >= s.H:
                    memset(target, 0, width * sizeof(real))
                    continue
                source = image + (c * s.H + y) * s.W + x0
                if first:
                    memset(target, 0, first * sizeof(real))
                if s.stride == 1:
                    memcpy(target + first, source + first, (last - first) * sizeof(real))
                elif s.stride == 2:
                    # A constant, so that the compiler makes vectors.
                    for q in range(first, last):
                        target[q] = source[q * 2]
                else:
                    for q in range(first, last):
                        target[q] = source[q * s.stride]
                if last < width:
                    memset(target + last, 0, (width - last) * sizeof(real))


cdef ptrdiff_t vectors_of(const Layout *s, ptrdiff_t lanes) noexcept nogil:
    """How many vectors a tile may take, with those that fill up the last block."""
    return s.rows * ((s.columns + lanes - 1) // lanes) + DIRECT_VECTORS


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
