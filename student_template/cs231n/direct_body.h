/* The functions of direct.h for one instruction set, first in float, then in double.
   Given: SET and BYTES of a vector, TARGET, F_BLOCK filters and K_BLOCK weights of a block, NARROW_VECTORS of a block of
   four filters or three. */

#ifndef REAL
#define REAL float
#define BITS int32_t
#define LANES (BYTES / 4)
#define DIRECT_SQRT sqrtf
#include "direct_body.h"
#undef REAL
#undef BITS
#undef LANES
#undef DIRECT_SQRT
#define REAL double
#define BITS int64_t
#define LANES (BYTES / 8)
#define DIRECT_SQRT sqrt
#include "direct_body.h"
#undef REAL
#undef BITS
#undef LANES
#undef DIRECT_SQRT
#undef SET
#undef BYTES
#undef TARGET
#undef F_BLOCK
#undef K_BLOCK
#undef NARROW_VECTORS

#else

#define NAME(function) DIRECT_NAME(SET, REAL, function)
#define VECTOR NAME(vector)
#define AT(p) (*(VECTOR *)(p))
#define CONST_AT(p) (*(const VECTOR *)(p))
#define MASK NAME(mask)
#define SMALL NAME(small)

typedef REAL VECTOR __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
typedef BITS MASK __attribute__((vector_size(BYTES)));
typedef unsigned char SMALL __attribute__((vector_size(LANES), aligned(1), may_alias));

/* The size of the next block of filters, the same for pack and correlate: the last two share what is left, since a
   block of one or two filters waits for memory. */
static ptrdiff_t NAME(filters)(ptrdiff_t left)
{
    return left <= F_BLOCK ? left : left < 2 * F_BLOCK ? (left + 1) / 2 : F_BLOCK;
}

static void NAME(pack)(const REAL *w, ptrdiff_t step, const ptrdiff_t *term, ptrdiff_t F, ptrdiff_t K, REAL *packed)
{
    for (ptrdiff_t f = 0; f < F;) {
        const ptrdiff_t FB = NAME(filters)(F - f);
        for (ptrdiff_t k = 0; k < K; k++)
            for (ptrdiff_t g = 0; g < FB; g++) *packed++ = w[(f + g) * step + term[k]];
        f += FB;
    }
}

/* Store vectors of which lanes are cut off. A function of its own, since its calls would take registers from the loop. */
__attribute__((noinline)) static void NAME(store_cut)(const REAL *all, int FB, int NV, const direct_place *place, REAL *out,
                                                      ptrdiff_t plane)
{
    for (int f = 0; f < FB; f++)
        for (int v = 0; v < NV; v++, all += LANES) {
            const direct_place p = place[v];
            REAL *target = out + f * plane + p.to;
            memcpy(target, all, (p.cut < LANES ? p.cut : LANES) * sizeof(REAL));
            if (p.resume < LANES)
                memcpy(target + p.cut, all + p.resume, (LANES - p.resume) * sizeof(REAL));
        }
}

/* FB filters at NV vectors of pixels. Both are constants where this is inlined, so that `sum` lives in registers. The
   terms are those from `first` up to `last`; `from` is where the vectors begin. */
TARGET DIRECT_INLINE void NAME(correlate_block)(const int FB, const int NV, const REAL *const *from,
                                                const ptrdiff_t *offset, ptrdiff_t first, ptrdiff_t last,
                                                const REAL *w, const REAL *bias, const direct_place *place, REAL *out,
                                                ptrdiff_t plane)
{
    VECTOR sum[8][DIRECT_VECTORS];
    DIRECT_UNROLL for (int f = 0; f < FB; f++)
        DIRECT_UNROLL for (int v = 0; v < NV; v++) sum[f][v] = (VECTOR){0} + (bias ? bias[f] : 0);

    /* What is stored at the end comes into the cache meanwhile. */
    DIRECT_UNROLL for (int f = 0; f < FB; f++)
        DIRECT_UNROLL for (int v = 0; v < NV; v++) __builtin_prefetch(out + f * plane + place[v].to, 1);
    for (ptrdiff_t k = first; k < last; k++) {
        VECTOR pixels[DIRECT_VECTORS];
        DIRECT_UNROLL for (int v = 0; v < NV; v++) pixels[v] = CONST_AT(from[v] + offset[k]);
        DIRECT_UNROLL for (int f = 0; f < FB; f++) {
            const REAL weight = w[k * FB + f];
            DIRECT_UNROLL for (int v = 0; v < NV; v++) sum[f][v] += weight * pixels[v];
        }
    }

    ptrdiff_t cut = LANES;
    DIRECT_UNROLL for (int v = 0; v < NV; v++) cut = cut < place[v].cut ? cut : place[v].cut;
    if (cut == LANES) {
        DIRECT_UNROLL for (int f = 0; f < FB; f++)
            DIRECT_UNROLL for (int v = 0; v < NV; v++) AT(out + f * plane + place[v].to) = sum[f][v];
        return;
    }
    REAL all[8 * DIRECT_VECTORS * LANES];
    DIRECT_UNROLL for (int f = 0; f < FB; f++)
        DIRECT_UNROLL for (int v = 0; v < NV; v++) AT(all + (f * NV + v) * LANES) = sum[f][v];
    NAME(store_cut)(all, FB, NV, place, out, plane);
}

/* All filters at one group of vectors, whose pixels are gathered first and then stay in the first-level cache. Without the
   copy, planes whose sizes are powers of two would evict each other from it. For few terms. */
#define FEW_TERMS 128
#define GROUP 3
TARGET static void NAME(correlate_few)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t K, ptrdiff_t first,
                                       ptrdiff_t last, const REAL *packed, const REAL *bias, const direct_place *place,
                                       ptrdiff_t M, REAL *out, ptrdiff_t F, ptrdiff_t plane)
{
    REAL pixels[FEW_TERMS * GROUP * LANES];
    ptrdiff_t near[FEW_TERMS];
    const REAL *from[GROUP];
    for (ptrdiff_t k = first; k < last; k++) near[k] = (k - first) * GROUP * LANES;
    for (int v = 0; v < GROUP; v++) from[v] = pixels + v * LANES;
    for (ptrdiff_t m = 0; m < M; m += GROUP) {
        for (ptrdiff_t k = first; k < last; k++)
            DIRECT_UNROLL for (int v = 0; v < GROUP; v++)
                AT(pixels + near[k] + v * LANES) = CONST_AT(x + place[m + v].at + offset[k]);
        const REAL *w = packed;
        for (ptrdiff_t f = 0, FB; f < F; f += FB, w += FB * K) {
            const REAL *b = bias ? bias + f : bias;
            FB = NAME(filters)(F - f);
#define BLOCK(FB)                                                                                                      \
    case FB:                                                                                                           \
        if (M - m >= 3)                                                                                                \
            NAME(correlate_block)(FB, 3, from, near, first, last, w, b, place + m, out + f * plane, plane);            \
        else if (M - m == 2)                                                                                           \
            NAME(correlate_block)(FB, 2, from, near, first, last, w, b, place + m, out + f * plane, plane);            \
        else                                                                                                           \
            NAME(correlate_block)(FB, 1, from, near, first, last, w, b, place + m, out + f * plane, plane);            \
        break;
            switch (FB) {
                BLOCK(1) BLOCK(2) BLOCK(3) BLOCK(4)
#if F_BLOCK == 8
                BLOCK(5) BLOCK(6) BLOCK(7) BLOCK(8)
#endif
            }
#undef BLOCK
        }
    }
}

#define BLOCK(FB, NV)                                                                                                  \
    {                                                                                                                  \
        const REAL *from[DIRECT_VECTORS];                                                                              \
        DIRECT_UNROLL for (int v = 0; v < NV; v++) from[v] = x + place[m + v].at;                                      \
        NAME(correlate_block)(FB, NV, from, offset, first, last, packed, bias, place + m, out, plane);                 \
    }
/* Full blocks of NV vectors. The last block takes no more than it must; of six, the table's fill is the rest. */
#define RUN(FB, NV)                                                                                                    \
    {                                                                                                                  \
        ptrdiff_t m = 0;                                                                                               \
        for (; m + NV <= M; m += NV) BLOCK(FB, NV)                                                                     \
        if (M - m > 3)                                                                                                 \
            BLOCK(FB, NV)                                                                                              \
        else if (M - m == 3)                                                                                           \
            BLOCK(FB, 3)                                                                                               \
        else if (M - m == 2)                                                                                           \
            BLOCK(FB, 2)                                                                                               \
        else if (M - m == 1)                                                                                           \
            BLOCK(FB, 1)                                                                                               \
    }

TARGET static void NAME(correlate)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t K, ptrdiff_t first,
                                   ptrdiff_t last, const REAL *packed, const REAL *bias, const direct_place *place,
                                   ptrdiff_t M, REAL *out, ptrdiff_t F, ptrdiff_t plane)
{
    if (last <= FEW_TERMS && F >= 2 * F_BLOCK) {
        NAME(correlate_few)(x, offset, K, first, last, packed, bias, place, M, out, F, plane);
        return;
    }
    for (ptrdiff_t f = 0, FB; f < F; f += FB) {
        FB = NAME(filters)(F - f);
        switch (FB) {
        case 1: RUN(1, 6); break;
        case 2: RUN(2, 6); break;
        case 3: RUN(3, NARROW_VECTORS); break;
        case 4: RUN(4, NARROW_VECTORS); break;
#if F_BLOCK == 8
        case 5: RUN(5, 3); break;
        case 6: RUN(6, 3); break;
        case 7: RUN(7, 3); break;
        case 8: RUN(8, 3); break;
#endif
        }
        packed += FB * K;
        out += FB * plane;
        if (bias)
            bias += FB;
    }
}
#undef RUN
#undef BLOCK
#undef FEW_TERMS
#undef GROUP

/* K_BLOCK weights of FV vectors of filters. */
TARGET DIRECT_INLINE void NAME(weights_block)(const int FV, const REAL *x, const ptrdiff_t *offset, const REAL *dout,
                                              ptrdiff_t F, REAL *dw, ptrdiff_t rows, ptrdiff_t columns,
                                              ptrdiff_t row_step, ptrdiff_t step)
{
    VECTOR sum[K_BLOCK][2];
    DIRECT_UNROLL for (int k = 0; k < K_BLOCK; k++)
        DIRECT_UNROLL for (int v = 0; v < FV; v++) sum[k][v] = (VECTOR){0};

    for (ptrdiff_t i = 0; i < rows; i++) {
        const REAL *pixel = x + i * row_step;
        for (ptrdiff_t j = 0; j < columns; j++, pixel += step, dout += F) {
            VECTOR d[2];
            DIRECT_UNROLL for (int v = 0; v < FV; v++) d[v] = CONST_AT(dout + v * LANES);
            DIRECT_UNROLL for (int k = 0; k < K_BLOCK; k++) {
                const REAL value = pixel[offset[k]];
                DIRECT_UNROLL for (int v = 0; v < FV; v++) sum[k][v] += value * d[v];
            }
        }
    }

    DIRECT_UNROLL for (int k = 0; k < K_BLOCK; k++)
        DIRECT_UNROLL for (int v = 0; v < FV; v++) AT(dw + k * F + v * LANES) += sum[k][v];
}

TARGET static void NAME(weights)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t K, const REAL *dout, ptrdiff_t F,
                                 REAL *dw, const ptrdiff_t *rows, ptrdiff_t columns, ptrdiff_t row_step, ptrdiff_t step)
{
    for (ptrdiff_t k = 0; k < K; k += K_BLOCK, rows += 2) {
        const REAL *seen = x + rows[0] * row_step, *d = dout + rows[0] * columns * F;
        const ptrdiff_t count = rows[1] - rows[0];
        for (ptrdiff_t f = 0; f < F; f += 2 * LANES) {
            if (F - f >= 2 * LANES)
                NAME(weights_block)(2, seen, offset + k, d + f, F, dw + k * F + f, count, columns, row_step, step);
            else
                NAME(weights_block)(1, seen, offset + k, d + f, F, dw + k * F + f, count, columns, row_step, step);
        }
    }
}

/* The sum of `size` values. */
TARGET static REAL NAME(total)(const REAL *x, ptrdiff_t size)
{
    VECTOR sum[4] = {{0}};
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= size; i += 4 * LANES)
        DIRECT_UNROLL for (int v = 0; v < 4; v++) sum[v] += CONST_AT(x + i + v * LANES);
    sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    REAL all = 0;
    for (; i < size; i++) all += x[i];
    for (int lane = 0; lane < LANES; lane++) all += sum[0][lane];
    return all;
}

/* Which lanes of two vectors, one after the other, are the even ones, the odd ones, and the first and the second half of
   both when they take turns. */
#if LANES == 2
#define EVEN 0, 2
#define ODD 1, 3
#define TURNS_LOW 0, 2
#define TURNS_HIGH 1, 3
#elif LANES == 4
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#define TURNS_LOW 0, 4, 1, 5
#define TURNS_HIGH 2, 6, 3, 7
#elif LANES == 8
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define TURNS_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define TURNS_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define TURNS_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define TURNS_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (MASK){__VA_ARGS__})
#endif

/* Keep the larger one, and its place; the first of equals, and the first NaN, since nothing is larger than NaN. */
TARGET DIRECT_INLINE void NAME(keep_larger)(VECTOR *largest, MASK *chosen, VECTOR value, BITS place)
{
    const MASK larger = ~(MASK)(value <= *largest) & (MASK)(*largest == *largest);
    *largest = (VECTOR)(((MASK)value & larger) | ((MASK)*largest & ~larger));
    *chosen = (((MASK){0} + place) & larger) | (*chosen & ~larger);
}

TARGET static void NAME(pool)(const REAL *x, ptrdiff_t W, ptrdiff_t H_out, ptrdiff_t W_out, REAL *out,
                              unsigned char *chosen)
{
    for (ptrdiff_t i = 0; i < H_out; i++, x += 2 * W, out += W_out, chosen += W_out)
        for (ptrdiff_t q = 0; q < W_out; q += LANES) {
            q = q < W_out - LANES ? q : W_out - LANES;
            const VECTOR above[2] = {CONST_AT(x + 2 * q), CONST_AT(x + 2 * q + LANES)};
            const VECTOR below[2] = {CONST_AT(x + W + 2 * q), CONST_AT(x + W + 2 * q + LANES)};
            VECTOR largest = SHUFFLE(above[0], above[1], EVEN);
            MASK place = {0};
            NAME(keep_larger)(&largest, &place, SHUFFLE(above[0], above[1], ODD), 1);
            NAME(keep_larger)(&largest, &place, SHUFFLE(below[0], below[1], EVEN), 2);
            NAME(keep_larger)(&largest, &place, SHUFFLE(below[0], below[1], ODD), 3);
            AT(out + q) = largest;
            *(SMALL *)(chosen + q) = __builtin_convertvector(place, SMALL);
        }
}

TARGET static void NAME(unpool)(const REAL *dout, const unsigned char *chosen, ptrdiff_t W, ptrdiff_t H_out,
                                ptrdiff_t W_out, REAL *dx)
{
    for (ptrdiff_t i = 0; i < H_out; i++, dx += 2 * W, dout += W_out, chosen += W_out)
        for (ptrdiff_t q = 0; q < W_out; q += LANES) {
            q = q < W_out - LANES ? q : W_out - LANES;
            const MASK d = (MASK)CONST_AT(dout + q);
            const MASK place = __builtin_convertvector(*(const SMALL *)(chosen + q), MASK);
            const VECTOR first = (VECTOR)(d & (place == 0)), second = (VECTOR)(d & (place == 1));
            const VECTOR third = (VECTOR)(d & (place == 2)), fourth = (VECTOR)(d & (place == 3));
            AT(dx + 2 * q) = SHUFFLE(first, second, TURNS_LOW);
            AT(dx + 2 * q + LANES) = SHUFFLE(first, second, TURNS_HIGH);
            AT(dx + W + 2 * q) = SHUFFLE(third, fourth, TURNS_LOW);
            AT(dx + W + 2 * q + LANES) = SHUFFLE(third, fourth, TURNS_HIGH);
        }
}

TARGET static void NAME(part)(const REAL *x, ptrdiff_t pairs, REAL *even, REAL *odd)
{
    for (ptrdiff_t q = 0; q < pairs; q += LANES) {
        q = q < pairs - LANES ? q : pairs - LANES;
        const VECTOR low = CONST_AT(x + 2 * q), high = CONST_AT(x + 2 * q + LANES);
        AT(even + q) = SHUFFLE(low, high, EVEN);
        AT(odd + q) = SHUFFLE(low, high, ODD);
    }
}
#undef EVEN
#undef ODD
#undef TURNS_LOW
#undef TURNS_HIGH
#undef SHUFFLE

/* One pass over memory. The compiler makes vectors of it, if it is told -fno-math-errno. */
TARGET static void NAME(adam)(const REAL *restrict w, const REAL *restrict dw, const REAL *restrict m,
                              const REAL *restrict v, ptrdiff_t size, const REAL *numbers, REAL *restrict next_w,
                              REAL *restrict next_m, REAL *restrict next_v)
{
    const REAL keep_m = numbers[0], take_m = numbers[1], keep_v = numbers[2], take_v = numbers[3];
    const REAL step = numbers[4], scale = numbers[5], epsilon = numbers[6];
    for (ptrdiff_t i = 0; i < size; i++) {
        next_m[i] = keep_m * m[i] + take_m * dw[i];
        next_v[i] = keep_v * v[i] + take_v * (dw[i] * dw[i]);
        next_w[i] = w[i] - step * next_m[i] / (DIRECT_SQRT(next_v[i] * scale) + epsilon);
    }
}

static const DIRECT_TYPE(REAL) NAME(table) = {
    DIRECT_STRING(SET), LANES, K_BLOCK, NAME(pack), NAME(correlate), NAME(weights), NAME(total), NAME(part),
    NAME(pool), NAME(unpool), NAME(adam)};

#undef NAME
#undef VECTOR
#undef AT
#undef CONST_AT
#undef MASK
#undef SMALL
#endif
