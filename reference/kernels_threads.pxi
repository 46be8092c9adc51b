# Part of kernels.pyx: OpenBLAS lends its parallel work to OpenMP's threads, so that both use one pool.
#
# The threads of OpenBLAS's own pool spin after each product, for tens of milliseconds, and hold the cores that the kernels'
# threads wait for. OpenBLAS 0.3.27 and newer call a function of the program instead, if it has set one. It gets a table
# of jobs, and:
# a. All jobs must run at once, because those of a product wait for each other in a loop.
# b. Only one table may be in work at a time, because jobs of the same number share a buffer of OpenBLAS.

cdef extern from * nogil:
    """
    #if defined(_OPENMP) && _OPENMP >= 200805 && !defined(_WIN32)
    #include <omp.h>
    #include <stddef.h>
    #include <stdint.h>
    static void run_blas_jobs(int sync, void (*run)(int, void *, int), int jobs, size_t size, void *table, int extra)
    {
        (void)sync; /* OpenBLAS always waits. */
    #pragma omp critical(blas_jobs)
        {
            /* Inside of another parallel region OpenMP would give us one thread, and (a) would never return. */
            if (omp_get_max_active_levels() <= omp_get_active_level())
                omp_set_max_active_levels(omp_get_active_level() + 1);
    #pragma omp parallel num_threads(jobs)
            run(omp_get_thread_num(), (char *)table + omp_get_thread_num() * size, extra);
        }
    }
    /* 0 where OpenMP might give fewer threads than there are jobs. */
    static uintptr_t blas_jobs_address(void)
    {
        return omp_get_dynamic() || omp_get_thread_limit() < 4096 ? 0 : (uintptr_t)&run_blas_jobs;
    }
    #else
    #include <stdint.h>
    static uintptr_t blas_jobs_address(void) { return 0; }
    #endif
    """
    size_t blas_jobs_address()


def blas_callback():
    """The address of the function for openblas_set_threads_callback_function; 0: leave OpenBLAS its own threads."""
    return blas_jobs_address()
