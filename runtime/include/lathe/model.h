/* What a model that was compiled ahead of time tells of itself, and the calls that work on every such model.
 *
 * Plain C11 and C++20. Each artefact of `lathe compile` has a function `const lathe_model* PREFIX_model(void)` and
 * typed entries of its own; its header declares them. The functions here serve hosts that learn at run time what a
 * model takes (bindings for other languages, servers), and the generated entries. A lathe_model is constant data of the
 * artefact; `state` is the only thing that changes, once, when the variant for this CPU is chosen, and when weights are
 * loaded. Any number of threads may run one model at the same time, each with its own arena and outputs. Nothing here
 * throws, exits or writes to a stream. */
#ifndef LATHE_MODEL_H
#define LATHE_MODEL_H

#include "lathe/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Types of elements; the numbers are those of ONNX's TensorProto.DataType. Elements of 4 bits are packed, the low half
 * of a byte first; a boolean is a byte, 0 or 1. */
enum {
  LATHE_F32 = 1,
  LATHE_U8 = 2,
  LATHE_I8 = 3,
  LATHE_U16 = 4,
  LATHE_I16 = 5,
  LATHE_I32 = 6,
  LATHE_I64 = 7,
  LATHE_BOOL = 9,
  LATHE_F16 = 10,
  LATHE_F64 = 11,
  LATHE_U32 = 12,
  LATHE_U64 = 13,
  LATHE_BF16 = 16,
  LATHE_F8E4M3FN = 17,
  LATHE_F8E4M3FNUZ = 18,
  LATHE_F8E5M2 = 19,
  LATHE_F8E5M2FNUZ = 20,
  LATHE_U4 = 21,
  LATHE_I4 = 22
};

/* One axis of an input or output: its size, or -1 when that depends on symbols, and how it is written ("8", "N",
 * "2*N + 1"). */
typedef struct lathe_axis {
  int64_t size;
  const char* text;
} lathe_axis;

/* An input or output: dense, row-major, aligned to its element type. */
typedef struct lathe_port {
  const char* name;
  const lathe_axis* axes; /* `rank` rows */
  int32_t rank;
  int32_t element; /* LATHE_F32 .. */
} lathe_port;

/* A size that a call chooses: between `least` and `most`, read off axis `axis` of input `input`. `input` is -1 for a
 * size that only the run itself finds; callers leave its value 0. */
typedef struct lathe_symbol {
  const char* name;
  int64_t least;
  int64_t most;
  int32_t input;
  int32_t axis;
} lathe_symbol;

/* A compiled program. One pointer for each input, output and row of `data`; `arena` is aligned to 64 bytes; `symbols`
 * has one value for each symbol. Inputs and outputs must not overlap. Checks nothing but the model's own guards. */
typedef lathe_status (*lathe_program_fn)(const lathe_execution* execution, const void* const* inputs,
                                         void* const* outputs, const void* const* data, void* arena,
                                         const int64_t* symbols);

/* Writes to `values`: the bytes of the arena, then the size of every axis of every input, then of every output. A
 * number that does not fit is INT64_MAX. */
typedef void (*lathe_sizes_fn)(const int64_t* symbols, int64_t* values);

/* The program for one kind of CPU. */
typedef struct lathe_variant {
  const char* cpu; /* as given to --cpu: "x86-64-v3" */
  const char* isa; /* the lathe_target_name that its instructions need; "" for none */
  lathe_program_fn run;
} lathe_variant;

/* Where a row of data lies in a file of weights. */
typedef struct lathe_data_row {
  uint64_t offset; /* bytes, from the beginning of the file, a multiple of 64 */
  uint64_t bytes;
} lathe_data_row;

/* What changes: owned by the artefact, written by the functions below only. All zero at first. */
typedef struct lathe_model_state {
  lathe_program_fn run; /* of the chosen variant; null until it is chosen. Accessed atomically */
  const char* cpu;      /* of the chosen variant */
  void* weights;        /* the mapped file of weights, or null */
  uint64_t weights_bytes;
} lathe_model_state;

typedef struct lathe_model {
  uint32_t struct_size;
  int32_t runtime_version; /* LATHE_RUNTIME_VERSION of the compiler that made it */
  const char* name;
  const lathe_port* inputs;
  const lathe_port* outputs;
  const lathe_symbol* symbols;
  const lathe_variant* variants; /* best first */
  lathe_sizes_fn sizes;
  const void** data;               /* what programs read; filled by lathe_model_load_weights when rows is set */
  const lathe_data_row* data_rows; /* null when the data is part of the artefact */
  uint64_t weights_fingerprint;    /* of the file that belongs to the model */
  lathe_model_state* state;
  int32_t input_count;
  int32_t output_count;
  int32_t symbol_count;
  int32_t variant_count;
  int32_t data_count;
  int32_t value_count; /* how many numbers `sizes` writes */
} lathe_model;

/* --------------------------------------------------------------------------------------------------------- running */

/* Every call below checks that it was given a model which this runtime knows (LATHE_INVALID_ARGUMENT otherwise), and
 * leaves a sentence when it fails: in the message of `execution`, or in `message`, which may be null and is cut to
 * `message_size`. `execution` may be null: one thread, the allocator of the process, no sentence. */

/* Reads the symbols off the sizes of the inputs, one list of `rank` sizes an input, and checks every axis and bound.
 * LATHE_SHAPE_GUARD_FAILED with a sentence for the first that does not fit. `input_ranks` has the length of each list,
 * to be checked as well; null when the caller has looked at the ranks of the ports. A list of no sizes may be null.
 * `symbols` takes symbol_count values. Allocates only for models of more than 128 sizes, for the length of the call. */
LATHE_API lathe_status lathe_model_bind(const lathe_model* model, const lathe_execution* execution,
                                        const int32_t* input_ranks, const int64_t* const* input_sizes,
                                        int64_t* symbols);

/* Checks the symbols against their bounds and writes value_count values: see lathe_sizes_fn. LATHE_SHAPE_GUARD_FAILED
 * also when a tensor or the arena would not fit 63 bits. `symbols` may be null for a model without any. */
LATHE_API lathe_status lathe_model_sizes(const lathe_model* model, const lathe_execution* execution,
                                         const int64_t* symbols, int64_t* values);

/* One run. `arena` may be null: one is then taken from the allocator of `execution` (or of the process) and given back.
 * With an arena of the caller, aligned to 64 bytes, nothing is allocated. `symbols` may be null for a model without
 * any; they are checked against their bounds. The pointer to an input or output without elements may be null. */
LATHE_API lathe_status lathe_model_run(const lathe_model* model, const lathe_execution* execution,
                                       const void* const* inputs, void* const* outputs, void* arena,
                                       const int64_t* symbols);

/* --------------------------------------------------------------------------------------------------------- variants */

/* The program for this CPU: chosen at the first call, the first variant that the runtime's selected target
 * (LATHE_TARGET) covers. `status` may be null. Null, and the reason in `*status`, when it can't run:
 * LATHE_UNSUPPORTED_CPU when there is no code for this CPU, LATHE_UNKNOWN_TARGET when LATHE_TARGET is wrong,
 * LATHE_NO_WEIGHTS when the file of weights is not loaded. */
LATHE_API lathe_program_fn lathe_model_program(const lathe_model* model, const lathe_execution* execution,
                                               lathe_status* status);

/* The `cpu` of the chosen variant, choosing if need be; null when none can run here. */
LATHE_API const char* lathe_model_cpu(const lathe_model* model);

/* Chooses by name, among those that this CPU supports, whatever target is selected; null or "" chooses anew.
 * LATHE_UNKNOWN_TARGET and LATHE_UNSUPPORTED_CPU leave the choice as it was and put the list of names in `message`. The
 * runtime's kernels keep their own target: see LATHE_TARGET. Not to be called while the model runs. */
LATHE_API lathe_status lathe_model_select_cpu(const lathe_model* model, const char* cpu, char* message,
                                              size_t message_size);

/* ---------------------------------------------------------------------------------------------------------- weights */

/* Maps the file of weights that `lathe compile --weights=file` left beside the artefact; processes that map one file
 * share its memory. LATHE_NO_WEIGHTS when it can't be read, LATHE_INVALID_ARGUMENT when it is not the file of this
 * model. Does nothing, successfully, for a model whose weights are embedded or already loaded. Not to be called while
 * the model runs, nor by two threads at once. The mapping stays until it is released: release before dlclose. */
LATHE_API lathe_status lathe_model_load_weights(const lathe_model* model, const char* path, char* message,
                                                size_t message_size);

/* Unmaps it. Allowed when nothing is loaded, and for null. Not to be called while the model runs. */
LATHE_API void lathe_model_release_weights(const lathe_model* model);

/* The first bytes of a file of weights; rows of data follow at multiples of 64. Numbers are little-endian. */
#define LATHE_WEIGHTS_MAGIC "LatheWts"
#define LATHE_WEIGHTS_VERSION 1
typedef struct lathe_weights_header {
  char magic[8];
  uint32_t version; /* LATHE_WEIGHTS_VERSION */
  uint32_t row_count;
  uint64_t fingerprint;
  uint64_t bytes; /* of the whole file */
  uint8_t reserved[32];
} lathe_weights_header;

#ifdef __cplusplus
}
#endif

#endif /* LATHE_MODEL_H */
