/* The host-facing C ABI of the Lathe runtime: status codes, execution contexts, thread pools and SIMD targets.
 *
 * Plain C11 and C++20. Hosts of compiled programs include this header; code that the compiler generates also includes
 * "lathe/kernels.h". Structs that may grow start with `struct_size`, which the caller sets to `sizeof` of the struct it
 * was compiled with; a newer runtime accepts older sizes. Nothing here throws, exits, or writes to a stream. Functions
 * may be called from any thread at any time unless their comment says otherwise. */
#ifndef LATHE_RUNTIME_H
#define LATHE_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define LATHE_API
#else
#define LATHE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this header, `major * 10000 + minor * 100 + patch`. The ABI is kept within one major version. */
#define LATHE_RUNTIME_VERSION 100

/* Version of the runtime that is linked, to be compared with LATHE_RUNTIME_VERSION. */
LATHE_API int32_t lathe_runtime_version(void);

/* -------------------------------------------------------------------------------------------------------- status */

/* What a call came to. The numbers are part of the ABI. */
typedef int32_t lathe_status;

enum {
  LATHE_OK = 0,
  /* A null pointer, a negative size, a struct_size that is too small, an unknown enumerator. */
  LATHE_INVALID_ARGUMENT = 1,
  /* The shapes of this run's inputs break a condition the program was compiled under. */
  LATHE_SHAPE_GUARD_FAILED = 2,
  /* The allocator of the execution (or of the process) returned null. */
  LATHE_OUT_OF_MEMORY = 3,
  /* The CPU lacks what the program or the runtime was compiled for. */
  LATHE_UNSUPPORTED_CPU = 4,
  /* LATHE_TARGET, or the name given to lathe_target_select, is not a compiled target. */
  LATHE_UNKNOWN_TARGET = 5,
  /* A value met at run time that the operation does not define, such as an index outside its axis. */
  LATHE_INVALID_VALUE = 6,
  /* A defect in Lathe. */
  LATHE_INTERNAL = 7,
  /* A model whose weights lie in a file ran before they were loaded, or the file can't be read. */
  LATHE_NO_WEIGHTS = 8
};

/* A fixed English name such as "shape guard failed"; never null, also for unknown numbers. */
LATHE_API const char* lathe_status_name(lathe_status status);

/* ----------------------------------------------------------------------------------------------------- execution */

/* Work on the half-open index range [begin, end). */
typedef void (*lathe_task)(void* state, int64_t begin, int64_t end);

/* Runs `task` over [0, count) and returns when all of it is done. Every index is covered exactly once, by ranges that
 * begin at multiples of `grain` (at least 1); one range may span many grains. Ranges may run at the same time on
 * several threads, the calling thread among them. A call from inside a task must be allowed (it may run inline). */
typedef void (*lathe_parallel_for_fn)(void* context, int64_t count, int64_t grain, lathe_task task, void* state);

/* Returns memory aligned to `alignment` (a power of two, at most 4096), or null. */
typedef void* (*lathe_allocate_fn)(void* context, size_t bytes, size_t alignment);

/* Gives back what the matching allocate returned; `bytes` and `alignment` are those of that call. */
typedef void (*lathe_release_fn)(void* context, void* memory, size_t bytes, size_t alignment);

/* How one call of a compiled program executes. Zero every field that is not wanted: a zeroed struct (apart from
 * struct_size) is one thread, the process allocator, no messages. The pointers are borrowed for the length of the call.
 * Two calls that run at the same time need two message buffers; they may share pool and allocator. */
typedef struct lathe_execution {
  uint32_t struct_size;
  /* How many threads parallel_for is worth; 0 and 1 mean that it is never called. Results do not depend on it. */
  int32_t threads;
  /* Null for one thread. */
  lathe_parallel_for_fn parallel_for;
  void* parallel_context;
  /* For results whose size depends on data. Both null (aligned allocation of the process) or both set. */
  lathe_allocate_fn allocate;
  lathe_release_fn release;
  void* allocator_context;
  /* Where a failing call writes a sentence that ends in NUL, cut to fit; null for none. Untouched on success. */
  char* message;
  size_t message_size;
} lathe_execution;

/* `lathe_execution e = LATHE_EXECUTION_INIT;` is one thread with the process allocator. */
#define LATHE_EXECUTION_INIT {sizeof(lathe_execution), 1, 0, 0, 0, 0, 0, 0, 0}

/* The message of the last failing call that was given `execution`; "" when there was none or no buffer. */
LATHE_API const char* lathe_execution_message(const lathe_execution* execution);

/* -------------------------------------------------------------------------------------------------------- memory */

/* Memory from the execution's allocator (or the process), 64-byte aligned; null on failure. `bytes` 0 gives a valid
 * pointer. `execution` may be null. Large blocks of the process ask for huge pages. */
LATHE_API void* lathe_allocate(const lathe_execution* execution, size_t bytes);

/* Gives back memory of lathe_allocate, with the same execution and size; null is allowed. The size is what the
 * execution's allocator is told: blocks of the process are known by their address, and may be given back with 0. */
LATHE_API void lathe_release(const lathe_execution* execution, void* memory, size_t bytes);

/* --------------------------------------------------------------------------------------------------- thread pool */

/* A fixed set of threads that wait for work. Many threads may use one pool at once: while one caller's job is spread
 * over the pool, the jobs of the others run on their own threads. */
typedef struct lathe_thread_pool lathe_thread_pool;

/* Makes a pool in which `threads` threads work, the caller of parallel_for included: `threads - 1` are started, none
 * for 1. 0 asks for the number of CPUs this process may run on. On failure `*pool` is null. */
LATHE_API lathe_status lathe_thread_pool_create(int32_t threads, lathe_thread_pool** pool);

/* Ends the threads. No job may be running. Null is allowed. */
LATHE_API void lathe_thread_pool_destroy(lathe_thread_pool* pool);

/* Number of threads that work on a job, the caller included. */
LATHE_API int32_t lathe_thread_pool_threads(const lathe_thread_pool* pool);

/* The lathe_parallel_for_fn of a pool; `pool` is the lathe_thread_pool*. The caller works too and runs what no thread
 * has claimed; calls from inside a task run inline. */
LATHE_API void lathe_thread_pool_parallel_for(void* pool, int64_t count, int64_t grain, lathe_task task, void* state);

/* Makes `execution` use `pool` (null: one thread). */
LATHE_API void lathe_execution_use_pool(lathe_execution* execution, lathe_thread_pool* pool);

/* ------------------------------------------------------------------------------------------------------- targets */

/* The instruction sets that the runtime's kernels were compiled for, best first: for instance "AVX3", "AVX2", "SSE4".
 * Each is complete, and with FMA (all but SSE4) they give the same bits. The selected one serves every kernel call of
 * the process. It is chosen at the first use: the environment variable LATHE_TARGET when it is set and not empty, else
 * the best one this CPU supports. When LATHE_TARGET names no usable target, kernels fail and say so; there is no
 * silent fallback. */

/* Number of compiled targets, at least 1. */
LATHE_API int32_t lathe_target_count(void);

/* Name of target `index` in [0, lathe_target_count()), null outside of it. */
LATHE_API const char* lathe_target_name(int32_t index);

/* 1 when this CPU and operating system can run target `index`, else 0. */
LATHE_API int32_t lathe_target_supported(int32_t index);

/* Index of the best target that is supported, whatever is selected; -1 when none is. */
LATHE_API int32_t lathe_target_detected(void);

/* Index of the selected target; selects first if nothing is selected yet. -1 when selecting failed. */
LATHE_API int32_t lathe_target_selected(void);

/* Selects by name ("AVX2", letter case ignored), or anew from LATHE_TARGET and the CPU when `name` is null or "".
 * LATHE_UNKNOWN_TARGET or LATHE_UNSUPPORTED_CPU leave the selection as it was, except that a bad LATHE_TARGET leaves
 * nothing selected. `message` (may be null) receives a sentence with the list of names, cut to `message_size`. Not to
 * be called while kernels run whose results are compared bit by bit between targets without FMA and with it. */
LATHE_API lathe_status lathe_target_select(const char* name, char* message, size_t message_size);

#ifdef __cplusplus
}
#endif

#endif /* LATHE_RUNTIME_H */
