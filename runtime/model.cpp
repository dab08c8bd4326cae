// Sizes of a model's tensors and runs of it, for callers that learn at run time what it takes.
#include "lathe/model.h"

#include <cstring>

#include "lathe/kernels.h"
#include "runtime/model_internal.h"

namespace lathe::runtime {
namespace {

constexpr uintptr_t kArenaAlignment = 64;

struct ElementRow {
  int32_t code;
  int32_t bits;
  const char* text;
};

constexpr ElementRow kElements[] = {
    {LATHE_F32, 32, "f32"},
    {LATHE_U8, 8, "u8"},
    {LATHE_I8, 8, "i8"},
    {LATHE_U16, 16, "u16"},
    {LATHE_I16, 16, "i16"},
    {LATHE_I32, 32, "i32"},
    {LATHE_I64, 64, "i64"},
    {LATHE_BOOL, 8, "bool"},
    {LATHE_F16, 16, "f16"},
    {LATHE_F64, 64, "f64"},
    {LATHE_U32, 32, "u32"},
    {LATHE_U64, 64, "u64"},
    {LATHE_BF16, 16, "bf16"},
    {LATHE_F8E4M3FN, 8, "f8e4m3fn"},
    {LATHE_F8E4M3FNUZ, 8, "f8e4m3fnuz"},
    {LATHE_F8E5M2, 8, "f8e5m2"},
    {LATHE_F8E5M2FNUZ, 8, "f8e5m2fnuz"},
    {LATHE_U4, 4, "u4"},
    {LATHE_I4, 4, "i4"},
};

const ElementRow& element_row(int32_t code) {
  for (const ElementRow& row : kElements) {
    if (row.code == code) return row;
  }
  static constexpr ElementRow kUnknown = {0, 64, "?"};
  return kUnknown;
}

// The numbers of lathe_sizes_fn: on the stack for all but very large interfaces.
class Values {
 public:
  Values(const lathe_model* model, const lathe_execution* execution) : execution_(execution) {
    if (model->value_count <= kFew) return;
    bytes_ = static_cast<size_t>(model->value_count) * sizeof(int64_t);
    values_ = static_cast<int64_t*>(lathe_allocate(execution, bytes_));
  }
  ~Values() {
    if (values_ != few_) lathe_release(execution_, values_, bytes_);
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  // Null when there was no memory.
  [[nodiscard]] int64_t* get() { return values_; }

 private:
  static constexpr int32_t kFew = 128;

  const lathe_execution* execution_;
  size_t bytes_ = 0;
  int64_t few_[kFew];
  int64_t* values_ = few_;
};

// One call: the model, and where its sentence goes.
struct Call {
  const lathe_model* model;
  const lathe_execution* execution;
  Message message;

  void add(const char* text) { lathe_internal_add_text(&message, text); }
  void add(int64_t number) { lathe_internal_add_number(&message, number); }
  void quote(const char* text) { lathe_internal_add_quoted(&message, text); }
  void name_model() { lathe_internal_name_model(&message, model); }
  void name_port(const char* kind, const lathe_port& port) {
    add(kind);
    quote(port.name);
    add(": ");
  }

  // "f32[N, 3]", or "f32[2, 3]" when sizes are given.
  void add_type(const lathe_port& port, const int64_t* sizes, int32_t rank) {
    add("`");
    add(element_row(port.element).text);
    add("[");
    for (int32_t axis = 0; axis < rank; ++axis) {
      if (axis > 0) add(", ");
      if (sizes != nullptr) {
        add(sizes[axis]);
      } else {
        add(port.axes[axis].text);
      }
    }
    add("]`");
  }

  // Ends a sentence about an input that does not fit.
  lathe_status reject(const lathe_port& port, const int64_t* sizes, int32_t rank) {
    add("; it is declared as ");
    add_type(port, nullptr, port.rank);
    add(", given is ");
    add_type(port, sizes, rank);
    return LATHE_SHAPE_GUARD_FAILED;
  }

  lathe_status no_memory(const char* what, int64_t bytes) {
    name_model();
    add(": no memory for ");
    add(what);
    add(" of ");
    add(bytes);
    add(" bytes");
    return LATHE_OUT_OF_MEMORY;
  }

  lathe_status no_list(const char* what) {
    name_model();
    add(": no list of ");
    add(what);
    add(" is given");
    return LATHE_INVALID_ARGUMENT;
  }
};

bool is_word_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_';
}

// Whether the expression `text` has the symbol `name` in it.
bool mentions(const char* text, const char* name) {
  const size_t length = std::strlen(name);
  for (const char* at = std::strstr(text, name); at != nullptr; at = std::strstr(at + 1, name)) {
    if ((at == text || !is_word_character(at[-1])) && !is_word_character(at[length])) return true;
  }
  return false;
}

// "must be at least 1, not 0" for a value out of the bounds of `symbol`; false when it is within.
bool out_of_bounds(Call& call, const lathe_symbol& symbol, int64_t value) {
  if (value >= symbol.least && value <= symbol.most) return false;
  const bool small = value < symbol.least;
  call.add(small ? " must be at least " : " must be at most ");
  call.add(small ? symbol.least : symbol.most);
  call.add(", not ");
  call.add(value);
  return true;
}

// Checks symbols that a caller gives as numbers.
lathe_status check_symbols(Call& call, const int64_t* symbols) {
  if (call.model->symbol_count > 0 && symbols == nullptr) return call.no_list("symbols");
  for (int32_t i = 0; i < call.model->symbol_count; ++i) {
    const lathe_symbol& symbol = call.model->symbols[i];
    if (symbol.input < 0 || (symbols[i] >= symbol.least && symbols[i] <= symbol.most)) continue;
    call.name_model();
    call.add(": ");
    call.quote(symbol.name);
    out_of_bounds(call, symbol, symbols[i]);
    return LATHE_SHAPE_GUARD_FAILED;
  }
  return LATHE_OK;
}

// Whether a tensor of these sizes has a number of bytes at all: sizes that did not fit are INT64_MAX.
bool fits(const lathe_port& port, const int64_t* sizes) {
  int64_t elements = 1;
  bool empty = false;
  for (int32_t axis = 0; axis < port.rank; ++axis) {
    if (sizes[axis] < 0 || sizes[axis] == INT64_MAX) return false;
    if (sizes[axis] == 0) empty = true;
  }
  if (empty) return true;
  for (int32_t axis = 0; axis < port.rank; ++axis) {
    if (__builtin_mul_overflow(elements, sizes[axis], &elements)) return false;
  }
  int64_t bits = 0;
  return !__builtin_mul_overflow(elements, element_row(port.element).bits, &bits);
}

// Checks what lathe_sizes_fn has written.
lathe_status check_values(Call& call, const int64_t* values) {
  const lathe_model* model = call.model;
  if (values[0] < 0 || values[0] == INT64_MAX) {
    call.name_model();
    call.add(": for these sizes a run would need more memory than can be addressed");
    return LATHE_SHAPE_GUARD_FAILED;
  }
  // Sizes that only the run finds are not there yet, and outputs may depend on them.
  bool known = true;
  for (int32_t i = 0; i < model->symbol_count; ++i) known = known && model->symbols[i].input >= 0;
  const int64_t* at = values + 1;
  for (int32_t i = 0; i < model->input_count + (known ? model->output_count : 0); ++i) {
    const bool input = i < model->input_count;
    const lathe_port& port = input ? model->inputs[i] : model->outputs[i - model->input_count];
    if (!fits(port, at)) {
      call.name_port(input ? "input " : "output ", port);
      call.add_type(port, nullptr, port.rank);
      call.add(" would be ");
      call.add_type(port, at, port.rank);
      call.add(", which is not a size");
      return LATHE_SHAPE_GUARD_FAILED;
    }
    at += port.rank;
  }
  return LATHE_OK;
}

// Ranks and lists of sizes, before anything is read from them.
lathe_status check_lists(Call& call, const int32_t* input_ranks, const int64_t* const* input_sizes) {
  const lathe_model* model = call.model;
  if (model->input_count > 0 && input_sizes == nullptr) return call.no_list("sizes");
  for (int32_t i = 0; i < model->input_count; ++i) {
    const lathe_port& port = model->inputs[i];
    if (input_ranks != nullptr && input_ranks[i] != port.rank) {
      call.name_port("input ", port);
      call.add("it has ");
      call.add(port.rank);
      call.add(port.rank == 1 ? " axis, not " : " axes, not ");
      call.add(input_ranks[i]);
      return call.reject(port, input_sizes[i], input_sizes[i] != nullptr && input_ranks[i] > 0 ? input_ranks[i] : 0);
    }
    if (port.rank > 0 && input_sizes[i] == nullptr) {
      call.name_port("input ", port);
      call.add("no list of its sizes is given");
      return LATHE_INVALID_ARGUMENT;
    }
  }
  return LATHE_OK;
}

lathe_status read_symbols(Call& call, const int64_t* const* input_sizes, int64_t* symbols) {
  const lathe_model* model = call.model;
  for (int32_t i = 0; i < model->symbol_count; ++i) {
    const lathe_symbol& symbol = model->symbols[i];
    symbols[i] = symbol.input < 0 ? 0 : input_sizes[symbol.input][symbol.axis];
    if (symbol.input < 0 || (symbols[i] >= symbol.least && symbols[i] <= symbol.most)) continue;
    const lathe_port& port = model->inputs[symbol.input];
    call.name_port("input ", port);
    call.add("axis ");
    call.add(symbol.axis);
    call.add(" (");
    call.quote(symbol.name);
    call.add(")");
    out_of_bounds(call, symbol, symbols[i]);
    return call.reject(port, input_sizes[symbol.input], port.rank);
  }
  return LATHE_OK;
}

// Every axis of every input against what the symbols make of it.
lathe_status check_axes(Call& call, const int64_t* const* input_sizes, const int64_t* symbols, const int64_t* values) {
  const lathe_model* model = call.model;
  const int64_t* expected = values + 1;
  for (int32_t i = 0; i < model->input_count; ++i) {
    const lathe_port& port = model->inputs[i];
    for (int32_t axis = 0; axis < port.rank; ++axis, ++expected) {
      if (input_sizes[i][axis] == *expected) continue;
      const lathe_axis& declared = port.axes[axis];
      call.name_port("input ", port);
      call.add("axis ");
      call.add(axis);
      call.add(" must be ");
      if (declared.size < 0) {
        call.quote(declared.text);
        call.add(" = ");
      }
      call.add(*expected);
      call.add(", not ");
      call.add(input_sizes[i][axis]);
      const lathe_status status = call.reject(port, input_sizes[i], port.rank);
      for (int32_t row = 0; row < model->symbol_count; ++row) {
        const lathe_symbol& symbol = model->symbols[row];
        if (declared.size >= 0 || symbol.input < 0 || !mentions(declared.text, symbol.name)) continue;
        call.add("; ");
        call.quote(symbol.name);
        call.add(" is ");
        call.add(symbols[row]);
        call.add(" by axis ");
        call.add(symbol.axis);
        call.add(" of input ");
        call.quote(model->inputs[symbol.input].name);
      }
      return status;
    }
  }
  return LATHE_OK;
}

// A pointer that is null where the port has elements.
lathe_status check_pointers(Call& call, const void* const* inputs, void* const* outputs, const int64_t* values) {
  const lathe_model* model = call.model;
  const int64_t* at = values + 1;
  for (int32_t i = 0; i < model->input_count + model->output_count; ++i) {
    const bool input = i < model->input_count;
    const lathe_port& port = input ? model->inputs[i] : model->outputs[i - model->input_count];
    bool empty = false;
    for (int32_t axis = 0; axis < port.rank; ++axis) empty = empty || at[axis] == 0;
    at += port.rank;
    if (empty || (input ? inputs[i] : outputs[i - model->input_count]) != nullptr) continue;
    call.name_port(input ? "input " : "output ", port);
    call.add("its pointer is null");
    return LATHE_INVALID_ARGUMENT;
  }
  return LATHE_OK;
}

bool any_null(const void* const* pointers, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    if (pointers[i] == nullptr) return true;
  }
  return false;
}

// What a run is given, in order: lists, symbols, pointers; then the arena that it asks for when the caller has none.
lathe_status prepare_run(Call& call, const void* const* inputs, void* const* outputs, bool needs_arena,
                         const int64_t* symbols, int64_t* arena_bytes) {
  const lathe_model* model = call.model;
  if (model->input_count > 0 && inputs == nullptr) return call.no_list("inputs");
  if (model->output_count > 0 && outputs == nullptr) return call.no_list("outputs");
  if (const lathe_status status = check_symbols(call, symbols); status != LATHE_OK) return status;
  const bool nulls = any_null(inputs, model->input_count) || any_null(outputs, model->output_count);
  if (!needs_arena && !nulls) return LATHE_OK;
  Values values(model, call.execution);
  if (values.get() == nullptr) return call.no_memory("its sizes", model->value_count * 8);
  model->sizes(symbols, values.get());
  if (const lathe_status status = check_values(call, values.get()); status != LATHE_OK) return status;
  *arena_bytes = values.get()[0];
  return check_pointers(call, inputs, outputs, values.get());
}

// Opens a call; the status is that of the model's check.
lathe_status open_call(Call& call) {
  lathe_internal_open_message(&call.message, call.execution);
  return lathe_internal_check_model(call.model, &call.message);
}

}  // namespace
}  // namespace lathe::runtime

namespace runtime = lathe::runtime;

lathe_status lathe_model_bind(const lathe_model* model, const lathe_execution* execution, const int32_t* input_ranks,
                              const int64_t* const* input_sizes, int64_t* symbols) {
  runtime::Call call = {.model = model, .execution = execution, .message = {}};
  if (const lathe_status status = open_call(call); status != LATHE_OK) return status;
  if (model->symbol_count > 0 && symbols == nullptr) return call.no_list("symbols");
  if (const lathe_status status = check_lists(call, input_ranks, input_sizes); status != LATHE_OK) return status;
  if (const lathe_status status = read_symbols(call, input_sizes, symbols); status != LATHE_OK) return status;
  runtime::Values values(model, execution);
  if (values.get() == nullptr) return call.no_memory("its sizes", model->value_count * 8);
  model->sizes(symbols, values.get());
  if (const lathe_status status = check_axes(call, input_sizes, symbols, values.get()); status != LATHE_OK) {
    return status;
  }
  return check_values(call, values.get());
}

lathe_status lathe_model_sizes(const lathe_model* model, const lathe_execution* execution, const int64_t* symbols,
                               int64_t* values) {
  runtime::Call call = {.model = model, .execution = execution, .message = {}};
  if (const lathe_status status = open_call(call); status != LATHE_OK) return status;
  if (values == nullptr) return call.no_list("values");
  if (const lathe_status status = check_symbols(call, symbols); status != LATHE_OK) return status;
  model->sizes(symbols, values);
  return check_values(call, values);
}

lathe_status lathe_model_run(const lathe_model* model, const lathe_execution* execution, const void* const* inputs,
                             void* const* outputs, void* arena, const int64_t* symbols) {
  runtime::Call call = {.model = model, .execution = execution, .message = {}};
  lathe_status status = LATHE_OK;
  const lathe_program_fn program = lathe_model_program(model, execution, &status);
  if (program == nullptr) return status;
  lathe_internal_open_message(&call.message, execution);
  int64_t arena_bytes = 0;
  status = prepare_run(call, inputs, outputs, arena == nullptr, symbols, &arena_bytes);
  if (status != LATHE_OK) return status;
  if (arena != nullptr) {
    if (reinterpret_cast<uintptr_t>(arena) % runtime::kArenaAlignment != 0) {
      call.name_model();
      call.add(": the arena must be aligned to 64 bytes");
      return LATHE_INVALID_ARGUMENT;
    }
    return program(execution, inputs, outputs, model->data, arena, symbols);
  }
  const auto bytes = static_cast<size_t>(arena_bytes);
  void* memory = lathe_allocate(execution, bytes);
  if (memory == nullptr) return call.no_memory("an arena", arena_bytes);
  status = program(execution, inputs, outputs, model->data, memory, symbols);
  lathe_release(execution, memory, bytes);
  return status;
}
