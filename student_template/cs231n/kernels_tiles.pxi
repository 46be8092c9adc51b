# Part of kernels.pyx: how a convolution is divided into tiles, and what a tile copies before it begins.

cdef struct Layout:
    # How a convolution lies in memory. The image begins `top` rows and `left` columns inside of its padding.
    ptrdiff_t C, H, W, HH, WW, stride, top, left, H_out, W_out
    # A full tile of the output, and how many there are.
    ptrdiff_t rows, columns, tiles_down, tiles_across
    # The copy that a tile sees: (C, plane), rows of `pitch`, in each row `phases` segments of `segment` columns: with
    # `stride` phases, columns of equal remainder stand together; with one, columns stand in their order.
    ptrdiff_t phases, segment, pitch, plane
    # Whether tiles read the image itself, because a copy of theirs would be the same.
    bint in_place


cdef struct Tile:
    # Of image n: rows x columns of the output, from (row, column) on.
    ptrdiff_t n, row, column, rows, columns


cdef ptrdiff_t segment_of(const Layout *s, ptrdiff_t columns) noexcept nogil:
    """The columns of a segment that so many columns of the output see."""
    return (columns - 1) * (s.stride // s.phases) + 1 + (s.WW - 1) // s.phases


cdef Layout lay_out(
    ptrdiff_t N, ptrdiff_t C, ptrdiff_t H, ptrdiff_t W, ptrdiff_t HH, ptrdiff_t WW, ptrdiff_t stride, ptrdiff_t top,
    ptrdiff_t left, ptrdiff_t H_out, ptrdiff_t W_out, ptrdiff_t phases, ptrdiff_t lanes, ptrdiff_t limit,
) noexcept nogil:
    """Choose tiles whose copies hold at most `limit` values; at least one row of `lanes` columns."""
    cdef Layout s
    cdef ptrdiff_t threads = _most_threads or omp_get_max_threads()
    s.C, s.H, s.W, s.HH, s.WW, s.stride, s.top, s.left = C, H, W, HH, WW, stride, top, left
    s.H_out, s.W_out, s.phases = H_out, W_out, phases
    s.columns = W_out
    while True:
        s.segment = segment_of(&s, s.columns)
        s.pitch = s.segment * phases
        if C * HH * s.pitch <= limit or s.columns <= lanes:
            break
        s.columns = max(lanes, s.columns // 2 // lanes * lanes)
    s.rows = max(1, min(H_out, 1 + (limit // (C * s.pitch) - HH) // stride))
    s.tiles_down = (H_out + s.rows - 1) // s.rows
    s.tiles_across = (W_out + s.columns - 1) // s.columns
    # Of few tiles, each thread gets as many as the others, of about the same height.
    if N * s.tiles_down * s.tiles_across < 8 * threads:
        while N * s.tiles_down * s.tiles_across % threads and s.tiles_down < H_out:
            s.tiles_down += 1
    s.rows = (H_out + s.tiles_down - 1) // s.tiles_down
    s.tiles_down = (H_out + s.rows - 1) // s.rows
    s.plane = ((s.rows - 1) * stride + HH) * s.pitch
    # Without padding and stride; and no vector reaches beyond its row, as it may in a copy.
    s.in_place = stride == 1 and top == left == 0 and H_out == H - HH + 1 and W_out == W - WW + 1
    if s.in_place and W_out - (s.tiles_across - 1) * s.columns >= lanes:
        s.segment, s.pitch, s.plane = W, W, H * W
    else:
        s.in_place = False
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


cdef void order_terms(const Layout *s, ptrdiff_t terms, ptrdiff_t *offset) noexcept nogil:
    """OUT offset (terms): where the terms of the first window lie in the copy; beyond K the last one again.

    The order is that of (HH, C, WW), so that the terms of some rows of the filter follow each other.
    """
    cdef ptrdiff_t c, i, j, k = 0
    for i in range(s.HH):
        for c in range(s.C):
            for j in range(s.WW):
                offset[k] = c * s.plane + i * s.pitch + j % s.phases * s.segment + j // s.phases
                k += 1
    for k in range(k, terms):
        offset[k] = offset[k - 1]


cdef ptrdiff_t row_from(ptrdiff_t y, ptrdiff_t stride, ptrdiff_t most) noexcept nogil:
    """The first row r with r * stride >= y, from 0 to `most`."""
    return 0 if y <= 0 else min(most, (y + stride - 1) // stride)


cdef ptrdiff_t place_vectors(
    const Layout *s, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t lanes, direct_place *place
) noexcept nogil:
    """OUT place: the vectors of some rows of a tile. Returns how many there are.

    They go along each row; or, where that takes fewer, along all rows, over what lies between them in the copy. The last
    vector ends where the row or the rows end, and so overlaps the one before it.
    """
    cdef ptrdiff_t i, j, p, m = 0, M, gap = s.pitch - columns, size = (rows - 1) * s.pitch + columns
    cdef ptrdiff_t each = (columns + lanes - 1) // lanes
    cdef bint across = s.tiles_across == 1 and s.stride == 1 and (columns >= lanes or (gap == 0 and size >= lanes))
    if across and (size + lanes - 1) // lanes < rows * each:
        while True:
            p = m * lanes if (m + 1) * lanes < size else size - lanes
            i, j = row + p // s.pitch, p % s.pitch
            place[m].at = row * s.pitch + p
            if gap == 0:
                place[m].to, place[m].cut, place[m].resume = row * s.W_out + p, lanes, lanes
            elif j < columns:
                place[m].to, place[m].cut = i * s.W_out + j, min(lanes, columns - j)
                place[m].resume = min(lanes, place[m].cut + gap)
            else:
                place[m].to, place[m].cut, place[m].resume = (i + 1) * s.W_out, 0, s.pitch - j
            m += 1
            if p + lanes == size:
                break
    else:
        for i in range(row, row + rows):
            j = 0
            while True:
                place[m].at, place[m].to = i * s.stride * s.pitch + j, i * s.W_out + j
                place[m].cut = min(lanes, columns - j)
                place[m].resume = lanes
                m += 1
                if j + lanes >= columns:
                    break
                j = min(j + lanes, columns - lanes)
    M = m
    while m % DIRECT_VECTORS:
        place[m] = place[M - 1]
        m += 1
    return M


cdef ptrdiff_t steps_until(ptrdiff_t x, ptrdiff_t stride, ptrdiff_t bound, ptrdiff_t most) noexcept nogil:
    """The smallest q with x + q * stride >= bound, but at most `most`."""
    return 0 if x >= bound else min(most, (bound - x + stride - 1) // stride)


cdef const real *see_tile(const real *x, const Layout *s, Tile t, real *copy) noexcept nogil:
    """Where the first window of this tile of the output begins: in x (N, C, H, W), or in its copy. SCRATCH copy."""
    if s.in_place:
        return x + t.n * s.C * s.H * s.W + t.row * s.W + t.column
    if s.phases == 2:
        copy_tile_in_pairs(x, s, t, copy)
    else:
        copy_tile(x, s, t, copy)
    return copy


cdef void copy_tile(const real *x, const Layout *s, Tile t, real *copy) noexcept nogil:
    """IN x (N, C, H, W). OUT copy: what the windows of this tile of the output see, zeros where there is no image."""
    cdef ptrdiff_t c, i, y, x0, q, first, last, phase
    cdef ptrdiff_t seen = (t.rows - 1) * s.stride + s.HH, width = segment_of(s, t.columns)
    cdef const real *image = x + t.n * s.C * s.H * s.W
    cdef const real *source
    cdef real *target
    for phase in range(s.phases):
        x0 = t.column * s.stride - s.left + phase
        first, last = steps_until(x0, s.phases, 0, width), steps_until(x0, s.phases, s.W, width)
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
                if s.phases == 1:
                    memcpy(target + first, source + first, (last - first) * sizeof(real))
                else:
                    for q in range(first, last):
                        target[q] = source[q * s.phases]
                if last < width:
                    memset(target + last, 0, (width - last) * sizeof(real))


cdef void copy_tile_in_pairs(const real *x, const Layout *s, Tile t, real *copy) noexcept nogil:
    """copy_tile for two phases: both segments of a row at once."""
    cdef int set_ = _first
    cdef ptrdiff_t c, i, y, q, x0 = t.column * 2 - s.left
    cdef ptrdiff_t seen = (t.rows - 1) * 2 + s.HH, width = segment_of(s, t.columns)
    cdef ptrdiff_t first0 = steps_until(x0, 2, 0, width), last0 = steps_until(x0, 2, s.W, width)
    cdef ptrdiff_t first1 = steps_until(x0 + 1, 2, 0, width), last1 = steps_until(x0 + 1, 2, s.W, width)
    # The odd neighbour of a column lies to its right, so first1 <= first0 and last1 <= last0. Pairs begin with the first
    # pixel of the image: with an odd column if it is one.
    cdef bint odd_first = first1 < first0
    cdef ptrdiff_t pairs = min(last1, last0 - 1) - first1 if odd_first else last1 - first0
    cdef const real *image = x + t.n * s.C * s.H * s.W
    cdef const real *source
    cdef real *even
    cdef real *odd
    cdef real *left
    cdef real *right
    while set_ < DIRECT_COUNT and pairs < lanes_of(x, set_):
        set_ += 1
    for c in range(s.C):
        for i in range(seen):
            y = t.row * 2 - s.top + i
            even = copy + c * s.plane + i * s.pitch
            odd = even + s.segment
            if y < 0 or y >= s.H:
                memset(even, 0, width * sizeof(real))
                memset(odd, 0, width * sizeof(real))
                continue
            for q in range(first0):
                even[q] = 0
            for q in range(first1):
                odd[q] = 0
            left, right = odd + first1 if odd_first else even + first0, even + first0 if odd_first else odd + first0
            source = image + (c * s.H + y) * s.W + x0
            source += first1 * 2 + 1 if odd_first else first0 * 2
            if set_ == DIRECT_COUNT:
                for q in range(pairs):
                    left[q] = source[q * 2]
                    right[q] = source[q * 2 + 1]
            elif real is float:
                direct_float_sets[set_].part(source, pairs, left, right)
            else:
                direct_double_sets[set_].part(source, pairs, left, right)
            # What is left over is the last pixel, and zeros.
            source = image + (c * s.H + y) * s.W + x0
            for q in range(first1 + pairs, last1):
                odd[q] = source[q * 2 + 1]
            for q in range(first0 + pairs, last0):
                even[q] = source[q * 2]
            for q in range(last0, width):
                even[q] = 0
            for q in range(last1, width):
                odd[q] = 0


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
