/* The functions of direct.h for one instruction set, first in float, then in double.
   Given: SET and BYTES of a vector, TARGET, F_BLOCK filters and K_BLOCK weights of a block, NARROW_VECTORS of a block of
   four filters or three. */

#ifndef REAL
#define REAL float
#include "direct_body.h"
#undef REAL
#define REAL double
#include "direct_body.h"
#undef REAL
#undef SET
#undef BYTES
#undef TARGET
#undef F_BLOCK
#undef K_BLOCK
#undef NARROW_VECTORS

#else

#define LANES ((ptrdiff_t)(BYTES / sizeof(REAL)))
#define NAME(function) DIRECT_NAME(SET, REAL, function)
#define VECTOR NAME(vector)
#define AT(p) (*(VECTOR *)(p))
#define CONST_AT(p) (*(const VECTOR *)(p))

typedef REAL VECTOR __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));

/* The size of the next block of filters, the same for pack and correlate: the last two share what is left, since a
   block of one or two filters waits for memory. */
static ptrdiff_t NAME(filters)(ptrdiff_t left)
{
    return left <= F_BLOCK ? left : left < 2 * F_BLOCK ? (left + 1) / 2 : F_BLOCK;
}

static void NAME(pack)(const REAL *w, ptrdiff_t w_step, ptrdiff_t F, ptrdiff_t K, REAL *packed)
{
    for (ptrdiff_t f = 0; f < F;) {
        const ptrdiff_t FB = NAME(filters)(F - f);
        for (ptrdiff_t k = 0; k < K; k++)
            for (ptrdiff_t g = 0; g < FB; g++) *packed++ = w[(f + g) * w_step + k];
        f += FB;
    }
}

/* FB filters at NV vectors of pixels. Both are constants where this is inlined, so that `sum` lives in registers. */
TARGET DIRECT_INLINE void NAME(correlate_block)(const int FB, const int NV, const REAL *x, const ptrdiff_t *offset,
                                                ptrdiff_t K, const REAL *w, const REAL *bias, const ptrdiff_t *at,
                                                const ptrdiff_t *to, REAL *out, ptrdiff_t plane, ptrdiff_t width)
{
    VECTOR sum[8][DIRECT_VECTORS];
    const REAL *from[DIRECT_VECTORS];
    DIRECT_UNROLL for (int v = 0; v < NV; v++) from[v] = x + at[v];
    DIRECT_UNROLL for (int f = 0; f < FB; f++)
        DIRECT_UNROLL for (int v = 0; v < NV; v++) sum[f][v] = (VECTOR){0} + (bias ? bias[f] : 0);

    for (ptrdiff_t k = 0; k < K; k++) {
        VECTOR pixels[DIRECT_VECTORS];
        DIRECT_UNROLL for (int v = 0; v < NV; v++) pixels[v] = CONST_AT(from[v] + offset[k]);
        DIRECT_UNROLL for (int f = 0; f < FB; f++) {
            const REAL weight = w[k * FB + f];
            DIRECT_UNROLL for (int v = 0; v < NV; v++) sum[f][v] += weight * pixels[v];
        }
    }

    DIRECT_UNROLL for (int f = 0; f < FB; f++)
        DIRECT_UNROLL for (int v = 0; v < NV; v++) {
            if (width >= LANES)
                AT(out + f * plane + to[v]) = sum[f][v];
            else
                memcpy(out + f * plane + to[v], &sum[f][v], width * sizeof(REAL));
        }
}

#define RUN(FB, NV)                                                                                                    \
    for (ptrdiff_t m = 0; m < M; m += NV)                                                                              \
        NAME(correlate_block)(FB, NV, x, offset, K, packed, bias, at + m, to + m, out, plane, width)

TARGET static void NAME(correlate)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t K, const REAL *packed,
                                   const REAL *bias, const ptrdiff_t *at, const ptrdiff_t *to, ptrdiff_t M, REAL *out,
                                   ptrdiff_t F, ptrdiff_t plane, ptrdiff_t width)
{
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

/* K_BLOCK weights of FV vectors of filters. */
TARGET DIRECT_INLINE void NAME(weights_block)(const int FV, const REAL *x, const ptrdiff_t *offset, const REAL *dout,
                                              ptrdiff_t F, REAL *dw, ptrdiff_t rows, ptrdiff_t columns,
                                              ptrdiff_t row_step)
{
    VECTOR sum[K_BLOCK][2];
    DIRECT_UNROLL for (int k = 0; k < K_BLOCK; k++)
        DIRECT_UNROLL for (int v = 0; v < FV; v++) sum[k][v] = (VECTOR){0};

    for (ptrdiff_t i = 0; i < rows; i++) {
        const REAL *pixel = x + i * row_step;
        for (ptrdiff_t j = 0; j < columns; j++, pixel++, dout += F) {
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
                                 REAL *dw, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t row_step)
{
    for (ptrdiff_t k = 0; k < K; k += K_BLOCK)
        for (ptrdiff_t f = 0; f < F; f += 2 * LANES) {
            if (F - f >= 2 * LANES)
                NAME(weights_block)(2, x, offset + k, dout + f, F, dw + k * F + f, rows, columns, row_step);
            else
                NAME(weights_block)(1, x, offset + k, dout + f, F, dw + k * F + f, rows, columns, row_step);
        }
}

static const DIRECT_TYPE(REAL) NAME(table) = {DIRECT_STRING(SET), LANES,           K_BLOCK,
                                              NAME(pack),         NAME(correlate), NAME(weights)};

#undef LANES
#undef NAME
#undef VECTOR
#undef AT
#undef CONST_AT
#endif
