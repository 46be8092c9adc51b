/* The inner loops of kernels.pyx that carry nearly all of its arithmetic. Convolution goes by direct sums, without columns.

   a. One block keeps its sums in vector registers over the whole reduction and touches memory only to read: for each
      term one vector of pixels (or of gradients) and one scalar, which the processor multiplies and adds at its peak.
      A matrix product would first write columns HH * WW times as large as the image, and pack them again.
   b. `correlate` has its vectors along the pixels of an output row: out[f] = bias[f] + sum over k of w[f][k] * pixels at
      offset[k]. The terms k run over (i, c, j) of the filter, so that those of some filter rows follow each other, and
      the caller can leave out rows that see only padding. The caller has laid the image out with its padding, so that no
      term needs a test; with a stride s it has put columns of equal remainder by s together, so that neighbours in a
      vector are neighbours in memory; `part` does that for a stride of 2. A vector may go on into the next row
      (direct_place). With few terms, pixels are gathered first, and all filters use them from the first-level cache.
   c. `weights` has its vectors along the filters: dw[k][f] = sum over pixels of x[offset[k] + pixel] * dout[pixel][f].
      `total` adds up a plane of dout, for db.
   d. `pool` and `unpool` take 2 x 2 windows apart and put them together by shuffles, without a branch. `adam` is one pass
      over memory.
   e. direct_body.h holds each function once. It is compiled for several instruction sets (AVX-512, AVX2, and the
      compiler's own vectors of 16 bytes, which are NEON's on aarch64), and the processor is asked at run time which it
      knows: nothing here needs -march. A compiler without vector types (MSVC) gets no instruction set, and kernels.pyx
      then goes through BLAS and plain loops.
   f. Nothing here allocates, and nothing is read or written but what the arguments span. Arguments are marked IN or OUT
      in the table below. */

#ifndef DIRECT_H
#define DIRECT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A table of places must be filled up with copies of its last entry to a multiple of this. */
#define DIRECT_VECTORS 6

/* A vector of pixels: it begins at x[at]; its first `cut` sums go to out[to], those from lane `resume` on behind them. A
   vector of which nothing is cut off has `cut` lanes or more. */
typedef struct {
    ptrdiff_t at, to, cut, resume;
} direct_place;

#define DIRECT_DECLARE(REAL, T)                                                                                        \
    typedef struct {                                                                                                   \
        const char *name;                                                                                              \
        ptrdiff_t lanes;    /* of a vector */                                                                          \
        ptrdiff_t k_block;  /* offset[] of `weights` must be filled up to a multiple of this */                        \
        /* IN w: filter f's term k at w[f * step + term[k]]. OUT packed, F * K values in the order that correlate reads. */ \
        void (*pack)(const REAL *w, ptrdiff_t step, const ptrdiff_t *term, ptrdiff_t F, ptrdiff_t K, REAL *packed);    \
        /* IN x, offset (K), first and last of the terms that count, packed, bias (F) or NULL, place (M). OUT out: F   \
           planes. */                                                                                                  \
        void (*correlate)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t K, ptrdiff_t first, ptrdiff_t last,        \
                          const REAL *packed, const REAL *bias, const direct_place *place, ptrdiff_t M, REAL *out,     \
                          ptrdiff_t F, ptrdiff_t plane);                                                               \
        /* IN x, offset (K filled up), dout (rows, columns, F), F a multiple of lanes; rows: for each k_block of terms \
           the first row that counts and the end; from a row and a column to the next in x: row_step, step. OUT dw (K  \
           filled up, F): added to. */                                                                                 \
        void (*weights)(const REAL *x, const ptrdiff_t *offset, ptrdiff_t K, const REAL *dout, ptrdiff_t F, REAL *dw,  \
                        const ptrdiff_t *rows, ptrdiff_t columns, ptrdiff_t row_step, ptrdiff_t step);                 \
        /* IN x (size). Returns the sum. */                                                                            \
        REAL (*total)(const REAL *x, ptrdiff_t size);                                                                  \
        /* IN x (pairs, 2), at least `lanes` pairs. OUT even, odd (pairs). */                                          \
        void (*part)(const REAL *x, ptrdiff_t pairs, REAL *even, REAL *odd);                                           \
        /* Max-pooling of one plane, 2 x 2 windows that do not overlap, at least `lanes` in a row. IN x (H, W). OUT    \
           out (H_out, W_out), chosen: 0 to 3, the place of the largest in its window. */                              \
        void (*pool)(const REAL *x, ptrdiff_t W, ptrdiff_t H_out, ptrdiff_t W_out, REAL *out, unsigned char *chosen);  \
        /* The way back. IN dout, chosen (H_out, W_out). OUT dx (H, W), where windows are. */                          \
        void (*unpool)(const REAL *dout, const unsigned char *chosen, ptrdiff_t W, ptrdiff_t H_out, ptrdiff_t W_out,   \
                       REAL *dx);                                                                                      \
        /* IN w, dw, m, v (size), numbers: beta1, 1 - beta1, beta2, 1 - beta2, learning_rate / (1 - beta1 ** t),       \
           1 / (1 - beta2 ** t), epsilon. OUT next_w, next_m, next_v (size). */                                        \
        void (*adam)(const REAL *w, const REAL *dw, const REAL *m, const REAL *v, ptrdiff_t size, const REAL *numbers, \
                     REAL *next_w, REAL *next_m, REAL *next_v);                                                        \
    } direct_##T;

DIRECT_DECLARE(float, float)
DIRECT_DECLARE(double, double)

#define DIRECT_PASTE(set, T, function) direct_##set##_##T##_##function
#define DIRECT_NAME(set, T, function) DIRECT_PASTE(set, T, function)
#define DIRECT_PASTE_TYPE(T) direct_##T
#define DIRECT_TYPE(T) DIRECT_PASTE_TYPE(T)
#define DIRECT_QUOTE(set) #set
#define DIRECT_STRING(set) DIRECT_QUOTE(set)

#if defined(__GNUC__) || defined(__clang__)

#define DIRECT_INLINE static inline __attribute__((always_inline))
/* clang reads GCC's pragma as a partial unrolling, too late to keep `sum` in registers: a third of the speed. */
#if defined(__clang__)
#define DIRECT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define DIRECT_UNROLL _Pragma("GCC unroll 16")
#endif

/* What fits the registers: 32 of 64 bytes, 16 of 32 bytes, 16 (or more) of 16 bytes. */
#if defined(__x86_64__)
#define BYTES 64
#define SET avx512
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma")))
#define F_BLOCK 8
#define NARROW_VECTORS 6
#define K_BLOCK 9
#include "direct_body.h"

#define BYTES 32
#define SET avx2
#define TARGET __attribute__((target("avx2,fma")))
#define F_BLOCK 4
#define NARROW_VECTORS 3
#define K_BLOCK 6
#include "direct_body.h"
#endif

#define BYTES 16
#define SET baseline
#define TARGET
#define F_BLOCK 4
#define NARROW_VECTORS 3
#define K_BLOCK 6
#include "direct_body.h"

#if defined(__x86_64__)
#define DIRECT_SETS(T)                                                                                                 \
    {&DIRECT_NAME(avx512, T, table), &DIRECT_NAME(avx2, T, table), &DIRECT_NAME(baseline, T, table)}
static int direct_known(int set)
{
    __builtin_cpu_init();
    if (set == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    return set == 2 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}
#define DIRECT_COUNT 3
#else
#define DIRECT_SETS(T) {&DIRECT_NAME(baseline, T, table)}
static int direct_known(int set) { return set == 0; }
#define DIRECT_COUNT 1
#endif
static const direct_float *const direct_float_sets[] = DIRECT_SETS(float);
static const direct_double *const direct_double_sets[] = DIRECT_SETS(double);

#else

#define DIRECT_COUNT 0
static int direct_known(int set) { return 0 * set; }
static const direct_float *const direct_float_sets[1] = {0};
static const direct_double *const direct_double_sets[1] = {0};

#endif
#endif
